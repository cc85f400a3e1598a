import MirrorModel
import LinuxSystem

/// The page of one subarch: description, downloads and build history.
struct SubarchPage {
  private static let known = ["ARCH", "CHOST", "CFLAGS", "CPU_FLAGS_X86"]

  let entry: PageEntry
  let shell: PageShell

  private var directory: MirrorPath { entry.subarch.path }
  private var base: String? { shell.settings.urls.first }

  var bytes: [UInt8] {
    let subarch = entry.subarch
    return shell.page(
      title: "\(subarch.name), \(subarch.build) · \(shell.settings.title)",
      description: "Stages of \(subarch.build) for \(subarch.arch) \(subarch.name)", in: directory,
      header: header, main: HTML([newest, withdrawn, about, builds, older]))
  }

  private var header: HTML {
    HTML(.header, .class("masthead")) {
      crumbs
      HTML(.div, .class("brand")) {
        HTML(.h1) { HTML(name: entry.subarch.name) }
        entry.state.chips
      }
      HTML(.p, .class("lead")) {
        HTML(name: entry.subarch.build)
        " for "
        HTML(name: entry.subarch.arch)
      }
      HTML(.p, .class("quiet")) {
        entry.state.sentence
        if entry.state.kind == .failing { lastLogs }
      }
    }
  }

  /// Links to the logs of the last failed build.
  private var lastLogs: HTML {
    let logs = entry.logs.filter { !$0.value.isEmpty }.max { $0.key < $1.key }?.value ?? []
    return HTML(
      (logs.isEmpty ? [] : [" See"])
        + logs.map { log in
          HTML([" ", HTML(.a, .href(PageLink(to: log, from: directory))) { HTML(name: log.name) }])
        })
  }

  private var crumbs: HTML {
    let root = PageLink(to: MirrorPath(bytes: PageSurvey.fileName.bytes), from: directory)
    let build = MirrorPath(bytes: entry.subarch.build.bytes)
    return HTML(.nav, .label("Breadcrumb")) {
      HTML(.ol, .class("crumbs")) {
        HTML(.li) { HTML(.a, .href(root)) { shell.settings.title } }
        for path in [build, build.appending(entry.subarch.arch)] {
          HTML(.li) {
            HTML(.a, .href(PageLink(root, anchor: PageLink.anchor(path)))) { HTML(name: path.name) }
          }
        }
        HTML(.li) {
          HTML(.span, Attribute("aria-current", "page")) { HTML(name: entry.subarch.name) }
        }
      }
    }
  }

  private var newest: HTML {
    HTML(.section, Attribute("aria-labelledby", "newest")) {
      HTML(.div, .class("heading")) {
        HTML(.h2, .id("newest")) {
          if let newest = entry.newest {
            HTML(["Newest, ", newest.version.moment])
          } else {
            "Nothing to download yet"
          }
        }
        if !entry.latest.isEmpty { latest }
      }
      if let newest = entry.newest {
        if newest.downloads.isEmpty { HTML(.p) { "This version has no downloads." } }
        for (index, download) in newest.downloads.enumerated() {
          DownloadCard(
            download: download, isFirst: index == 0, base: base, directory: directory, key: shell.key,
            fingerprint: shell.fingerprint
          ).html
        }
      }
    }
  }

  /// Names that scripts may use permanently.
  private var latest: HTML {
    HTML(.div, .class("quiet always")) {
      HTML(.span) { "Always the newest:" }
      HTML(.ul, .class("inline")) {
        for path in entry.latest {
          HTML(.li) { HTML(.a, .href(PageLink(to: path, from: directory))) { HTML(name: path.name) } }
        }
      }
    }
  }

  private var withdrawn: HTML {
    entry.withdrawn.isEmpty
      ? HTML()
      : HTML(.section, Attribute("aria-labelledby", "withdrawn")) {
        HTML(.h2, .id("withdrawn")) { "Withdrawn" }
        HTML(.dl, .class("panel facts")) {
          for release in entry.withdrawn {
            HTML(.div) {
              HTML(.dt) {
                HTML(.a, .href(PageLink(to: release.notice.unrooted, from: directory))) {
                  HTML(name: release.path.name)
                }
              }
              HTML(.dd) {
                escaped(Array((release.reason ?? "Do not use it.").utf8))
                if let other = release.useInstead {
                  HTML([
                    " Use ",
                    HTML(.a, .href(PageLink(to: other.unrooted, from: directory))) { HTML(name: other.name) },
                    " instead.",
                  ])
                }
              }
            }
          }
        }
      }
  }

  private var about: HTML {
    let keys =
      Self.known.filter { entry.info[$0] != nil }
      + entry.info.keys.filter { !Self.known.contains($0) }.sorted()
    return keys.isEmpty
      ? HTML()
      : HTML(.section, Attribute("aria-labelledby", "about")) {
        HTML(.h2, .id("about")) { "Built for" }
        HTML(.dl, .class("panel facts")) {
          for key in keys {
            HTML(.div) {
              HTML(.dt) { escaped(Array(key.utf8)) }
              HTML(.dd) { escaped(Array((entry.info[key] ?? "").utf8)) }
            }
          }
        }
      }
  }

  private var older: HTML {
    let offered = entry.older.filter { !$0.downloads.isEmpty }
    return offered.isEmpty
      ? HTML()
      : HTML(.section, Attribute("aria-labelledby", "older")) {
        HTML(.h2, .id("older")) { "Older versions" }
        HTML(.div, .class("panel scroll")) {
          HTML(.table, Attribute("aria-labelledby", "older")) {
            HTML(.thead) {
              HTML(.tr) {
                for title in ["Version", "Downloads"] {
                  HTML(.th, Attribute("scope", "col")) { title }
                }
              }
            }
            HTML(.tbody) { for edition in offered { row(edition) } }
          }
        }
      }
  }

  private func row(_ edition: Edition) -> HTML {
    HTML(.tr) {
      HTML(.th, Attribute("scope", "row")) { edition.version.moment }
      HTML(.td) {
        HTML(.ul, .class("inline")) {
          for download in edition.downloads {
            HTML(.li) {
              HTML(.a, .href(PageLink(to: download.path, from: directory))) { download.title }
              HTML(.small) { " \(PageText.size(download.bytes))" }
              if let signature = download.signature {
                HTML([
                  " ",
                  HTML(
                    .a, .class("minor"), .href(PageLink(to: signature, from: directory)),
                    .label("Signature of \(download.title) of \(edition.version.name)")
                  ) { "sig" },
                ])
              }
            }
          }
        }
      }
    }
  }

  private var builds: HTML {
    entry.history.isEmpty
      ? HTML()
      : HTML(.section, Attribute("aria-labelledby", "builds")) {
        HTML(.h2, .id("builds")) { "Builds" }
        BuildHistory(entry: entry).html
      }
  }
}
