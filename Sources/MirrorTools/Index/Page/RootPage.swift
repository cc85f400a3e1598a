import MirrorModel
import LinuxSystem

/// The page at the root of the mirror: every subarch with its newest version.
struct RootPage {
  /// Maximum number of rows with all details, to limit the size of the page.
  private static let richRows = 300

  let survey: PageSurvey
  let shell: PageShell

  var bytes: [UInt8] {
    shell.page(
      title: shell.settings.title, description: shell.settings.description, in: .root, header: header,
      main: main)
  }

  private var isRich: Bool { survey.entries.count <= Self.richRows }

  private var builds: [FileName] {
    survey.entries.reduce(into: []) { if $0.last != $1.subarch.build { $0.append($1.subarch.build) } }
  }

  private func arches(of build: FileName) -> [(arch: FileName, entries: [PageEntry])] {
    var arches: [(arch: FileName, entries: [PageEntry])] = []
    for entry in survey.entries where entry.subarch.build == build {
      if arches.last?.arch != entry.subarch.arch { arches.append((entry.subarch.arch, [])) }
      arches[arches.count - 1].entries.append(entry)
    }
    return arches
  }

  private var header: HTML {
    HTML(.header, .class("masthead")) {
      HTML(.div, .class("brand")) {
        PageShell.logo
        HTML(.h1) { shell.settings.title }
      }
      if let description = shell.settings.description { HTML(.p, .class("lead")) { description } }
      HTML(.p, .class("quiet")) {
        counted(survey.entries.count, "subarch", "subarches")
        " in "
        counted(builds.count, "build", "builds")
        if let newest { ", newest stage: \(newest.date)" }
      }
    }
  }

  private var newest: Version? {
    survey.entries.compactMap(\.newest?.version).filter(\.isDated).max { $0.date < $1.date }
  }

  private var main: HTML {
    HTML(
      [survey.entries.isEmpty ? HTML(.p) { "No stages yet." } : HTML([filter, contents])]
        + builds.map(section))
  }

  /// Shown only if the script runs, which fills the lists.
  private var filter: HTML {
    HTML(
      .form, .id("filter"), .class("panel"), Attribute("role", "search"), .label("Filter"), .flag("hidden")
    ) {
      field("q", "Find") {
        HTML(
          .input, .id("q"), Attribute("name", "q"), Attribute("type", "search"),
          Attribute("placeholder", "haswell, lxd, failing"), Attribute("autocomplete", "off"),
          Attribute("spellcheck", "false"))
      }
      field("build", "Build") { choice("build", "All builds") }
      field("arch", "Architecture") { choice("arch", "All architectures") }
      HTML(.p, .id("count"), Attribute("role", "status"), Attribute("aria-live", "polite"))
    }
  }

  private func field(_ id: String, _ label: String, control: () -> HTML) -> HTML {
    HTML(.div, .class("field")) {
      HTML(.label, Attribute("for", id)) { label }
      control()
    }
  }

  private func choice(_ id: String, _ all: String) -> HTML {
    HTML(.select, .id(id), Attribute("name", id)) {
      HTML(.option, Attribute("value", "")) { all }
    }
  }

  private var contents: HTML {
    HTML(.nav, .class("contents"), .label("Builds and architectures")) {
      HTML(.ul) {
        for build in builds {
          HTML(.li) {
            HTML(.a, .href(PageLink(anchor: PageLink.anchor(MirrorPath(bytes: build.bytes))))) {
              HTML(name: build)
            }
            HTML(.ul) {
              for (arch, entries) in arches(of: build) {
                HTML(.li) {
                  HTML(.a, .href(PageLink(anchor: anchor(build, arch)))) { HTML(name: arch) }
                  HTML(.span, .class("quiet")) { " \(entries.count)" }
                }
              }
            }
          }
        }
      }
    }
  }

  private func anchor(_ build: FileName, _ arch: FileName) -> String {
    PageLink.anchor(MirrorPath(bytes: build.bytes).appending(arch))
  }

  private func section(_ build: FileName) -> HTML {
    HTML(.section, .class("build"), Attribute("data-name", build.description)) {
      HTML(.div, .class("heading")) {
        HTML(.h2, .id(PageLink.anchor(MirrorPath(bytes: build.bytes)))) { HTML(name: build) }
        for snapshot in survey.snapshots[build] ?? [] { self.snapshot(snapshot) }
      }
      for (arch, entries) in arches(of: build) {
        HTML(.section, .class("arch"), Attribute("data-name", arch.description)) {
          HTML(.h3, .id(anchor(build, arch))) { HTML(name: arch) }
          HTML(.ul, .class("panel rows")) {
            for entry in entries.filter(\.isGeneric) + entries.filter({ !$0.isGeneric }) { row(entry) }
          }
        }
      }
    }
  }

  private func snapshot(_ tarball: Tarball) -> HTML {
    HTML(.p, .class("quiet")) {
      "Package tree "
      HTML(.a, .href(PageLink(to: tarball.path, from: .root))) { HTML(name: tarball.name) }
      ", \(PageText.size(tarball.status.size))"
    }
  }

  private func row(_ entry: PageEntry) -> HTML {
    HTML(.li) {
      HTML(.div, .class("what")) {
        HTML(.a, .href(PageLink(to: entry.page, from: .root))) {
          HTML(name: entry.subarch.name)
        }
        if isRich, let flags = entry.info["CFLAGS"] {
          HTML(.span, .class("flags")) { escaped(Array(flags.utf8)) }
        }
      }
      HTML(.div, .class("how")) { entry.state.chips }
      if isRich, let strip = HistoryChart.strip(entry.history) { HTML(.div, .class("past")) { strip } }
      HTML(.div, .class("when")) { entry.newest.map { $0.version.moment } }
      HTML(.div, .class("get")) { entry.newest.flatMap { offer($0, isGeneric: entry.isGeneric) } }
    }
  }

  private func offer(_ edition: Edition, isGeneric: Bool) -> HTML? {
    guard let main = edition.main else { return nil }
    let others = edition.downloads.dropFirst().map(\.title)
    let style = isGeneric ? [Attribute.class("first")] : []
    let text = HTML([HTML(main.title), HTML(.small) { " \(PageText.size(main.bytes))" }])
    return HTML([
      HTML(.a, style + [.href(PageLink(to: main.path, from: .root))], text),
      others.isEmpty ? HTML() : HTML(.span) { "also \(others.joined(separator: ", "))" },
    ])
  }
}
