import LinuxSystem

/// A complete piece of HTML. Text cannot become markup: it is always escaped.
struct HTML: Sendable, Hashable, ExpressibleByStringLiteral {
  /// The markup as written into a page.
  private(set) var markup = ""

  /// Nothing.
  init() {}

  /// Text, escaped.
  init(_ text: String) { markup = Self.escaped(text) }

  /// Literal text, escaped like any other.
  init(stringLiteral text: String) { self.init(text) }

  /// A name; bytes that cannot be displayed are escaped as in C.
  init(name: some RawName) { self.init(name.description) }

  /// An element with its content.
  init(_ tag: Tag, _ attributes: Attribute..., @HTMLBuilder content: () -> HTML = { HTML() }) {
    self.init(tag, attributes, content())
  }

  /// An element with its content.
  init(_ tag: Tag, _ attributes: [Attribute], _ content: HTML = HTML()) {
    markup = "<\(tag.rawValue)"
    for attribute in attributes { markup += " \(attribute.markup)" }
    markup += ">"
    if !tag.isVoid { markup += "\(content.markup)</\(tag.rawValue)>" }
    if tag.endsLine { markup += "\n" }
  }

  /// A built-in style sheet or script, which HTML does not escape.
  init(verbatim tag: Tag, _ text: StaticString) {
    markup = "<\(tag.rawValue)>\(text)</\(tag.rawValue)>\n"
  }

  /// A sequence of pieces.
  init(_ parts: [HTML]) { markup = parts.map(\.markup).joined() }

  /// A complete page.
  static func document(_ root: HTML) -> [UInt8] { Array("<!DOCTYPE html>\n\(root.markup)".utf8) }

  /// Text for an element or a quoted attribute.
  ///
  /// Characters not allowed in a page (controls, noncharacters) are replaced by U+FFFD.
  static func escaped(_ text: String) -> String {
    if text.utf8.allSatisfy(isPlain) { return text }
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      default: result.unicodeScalars.append(isAllowed(scalar.value) ? scalar : "\u{FFFD}")
      }
    }
    return result
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "-")...UInt8(ascii: "9"), UInt8(ascii: " "), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func isAllowed(_ value: UInt32) -> Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0xFDD0...0xFDEF: false
    default: value & 0xFFFE != 0xFFFE
    }
  }
}

/// The elements used in pages.
enum Tag: String, Sendable {
  case a, article, body, button, caption, circle, code, dd, desc, details, div, dl, dt, footer, form, g, h1,
    h2,
    h3, h4, head, header, html, input, label, li, link, main, meta, nav, noscript, ol, option, p,
    path,
    pre, rect, script, section, select, small, span, strong, style, summary, svg, table, tbody, td, th, thead,
    time, title, tr, ul

  var isVoid: Bool { [.input, .link, .meta].contains(self) }

  /// Whether to end the line after it, for readable sources and diffs.
  fileprivate var endsLine: Bool {
    switch self {
    case .a, .button, .circle, .code, .desc, .g, .h4, .label, .option, .path, .rect, .select, .small, .span,
      .strong,
      .td, .th, .time:
      false
    default: true
    }
  }
}

/// An attribute and its value, escaped.
struct Attribute: Sendable, Hashable {
  fileprivate let markup: String

  /// An attribute with a value.
  init(_ name: StaticString, _ value: String) { markup = "\(name)=\"\(HTML.escaped(value))\"" }

  /// An attribute without a value.
  static func flag(_ name: StaticString) -> Attribute { Attribute(bare: name) }

  private init(bare name: StaticString) { markup = "\(name)" }

  static func `class`(_ names: String) -> Attribute { Attribute("class", names) }
  static func id(_ id: String) -> Attribute { Attribute("id", id) }
  static func href(_ link: PageLink) -> Attribute { Attribute("href", link.text) }
  static func label(_ text: String) -> Attribute { Attribute("aria-label", text) }
  static let isDecoration = Attribute("aria-hidden", "true")
}

/// Builds the content of an element from a list.
@resultBuilder
enum HTMLBuilder {
  static func buildExpression(_ part: HTML) -> HTML { part }
  static func buildExpression(_ text: String) -> HTML { HTML(text) }
  static func buildExpression(_ part: HTML?) -> HTML { part ?? HTML() }
  static func buildBlock(_ parts: HTML...) -> HTML { HTML(parts) }
  static func buildOptional(_ part: HTML?) -> HTML { part ?? HTML() }
  static func buildEither(first part: HTML) -> HTML { part }
  static func buildEither(second part: HTML) -> HTML { part }
  static func buildArray(_ parts: [HTML]) -> HTML { HTML(parts) }
}
