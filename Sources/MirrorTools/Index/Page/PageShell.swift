import MirrorModel
import Hashing
import LinuxSystem
import FoundationEssentials

/// The common parts of all pages of a mirror: head, header and footer.
struct PageShell: Sendable {
  /// Marks pages of mirrorctl.
  static let mark = HTML(.meta, Attribute("name", "generator"), Attribute("content", "mirrorctl"))
  private static let icon: StaticString = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#3b82d6" d="M16 3 30 10 16 17 2 10z"/>\
    <path fill="none" stroke="#3b82d6" stroke-width="3" stroke-linejoin="round" d="M3 16l13 6.5L29 16M3 \
    22l13 6.5L29 22"/></svg>
    """

  let settings: IndexSettings
  private let indexes: [MirrorPath]
  /// The public signing key.
  let key: MirrorPath?
  let fingerprint: Fingerprint?
  /// Age in days from which a stage is stale, for later views of the page.
  private let staleDays: Int
  private let policy: String

  init(_ settings: IndexSettings, _ survey: PageSurvey, staleDays: Int) throws(MirrorError) {
    self.settings = settings
    indexes = survey.indexes
    (key, fingerprint) = (survey.key, survey.fingerprint)
    self.staleDays = staleDays
    policy = try Self.policy()
  }

  /// Allows only the built-in style sheet and script, by their digests.
  static func policy() throws(MirrorError) -> String {
    let style = try source("\(PageStyle.text)")
    let script = try source("\(PageScript.text)")
    return "default-src 'none'; style-src \(style); script-src \(script); img-src data:; base-uri 'none'; "
      + "form-action 'none'"
  }

  private static func source(_ text: String) throws(MirrorError) -> String {
    "'sha256-\(Data(try OpenSSLDigest.sha256(of: Array(text.utf8))).base64EncodedString())'"
  }

  /// A complete page in `directory`.
  func page(
    title: String, description: String?, in directory: MirrorPath, header: HTML, main: HTML
  ) -> [UInt8] {
    HTML.document(
      HTML(.html, Attribute("lang", "en")) {
        head(title: title, description: description)
        HTML(.body) {
          HTML(.a, .class("skip"), .href(PageLink(anchor: "main"))) { "Skip to the content" }
          header
          HTML(.main, .id("main"), Attribute("tabindex", "-1"), Attribute("data-stale", "\(staleDays)")) {
            main
          }
          footer(in: directory)
          HTML(verbatim: .script, PageScript.text)
        }
      })
  }

  private func head(title: String, description: String?) -> HTML {
    HTML(.head) {
      HTML(.meta, Attribute("charset", "utf-8"))
      Self.mark
      HTML(.meta, Attribute("http-equiv", "Content-Security-Policy"), Attribute("content", policy))
      HTML(
        .meta, Attribute("name", "viewport"), Attribute("content", "width=device-width, initial-scale=1"))
      HTML(.meta, Attribute("name", "color-scheme"), Attribute("content", "light dark"))
      if let description {
        HTML(.meta, Attribute("name", "description"), Attribute("content", description))
      }
      HTML(.link, Attribute("rel", "icon"), .href(PageLink(svg: Self.icon)))
      HTML(.title) { title }
      HTML(verbatim: .style, PageStyle.text)
    }
  }

  /// Three layers, for stages.
  static var logo: HTML {
    HTML(
      .svg, .class("logo"), Attribute("viewBox", "0 0 32 32"), .isDecoration
    ) {
      HTML(.path, .class("top"), Attribute("d", "M16 3 30 10 16 17 2 10z"))
      HTML(.path, .class("layer"), Attribute("d", "M3 16l13 6.5L29 16M3 22l13 6.5L29 22"))
    }
  }

  private func footer(in directory: MirrorPath) -> HTML {
    HTML(.footer) {
      if key != nil || !indexes.isEmpty {
        HTML(.ul) {
          if let key {
            HTML(.li) { HTML(.a, .href(PageLink(to: key, from: directory))) { "Signing key" } }
          }
          for index in indexes {
            HTML(.li) { HTML(.a, .href(PageLink(to: index, from: directory))) { HTML(name: index) } }
          }
        }
      }
      HTML(.p) { "Written by mirrorctl at the last change of the mirror." }
    }
  }
}

extension Version {
  /// The date of the version, or its name if that is not a date.
  var moment: HTML {
    guard isDated else { return HTML(.span) { HTML(name: name) } }
    return date.isMoment
      ? HTML(.time, Attribute("datetime", date.extended)) { "\(date)" } : HTML(.time) { "\(date)" }
  }
}

/// Numbers for people.
enum PageText {
  /// `1.2 GiB`: rounded up, as `du -h` does.
  static func size(_ bytes: Int64) -> String {
    let text = HumanSize.text(bytes)
    guard let unit = text.last, unit.isLetter else { return "\(text) B" }
    return "\(text.dropLast()) \(unit)iB"
  }
}
