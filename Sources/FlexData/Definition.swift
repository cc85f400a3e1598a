/// `name: value`, or `name: [` and lines.
public final class Definition: Sendable {
  /// Including its section, `path/mirror/owner`.
  public let name: String
  /// The section that contains it, which `:` refers to.
  public let section: String?
  /// Its text.
  public let value: Value
  /// The condition under which it counts; nil for always.
  public let condition: Condition?
  /// Whether references to undefined elements are allowed: `[option parse/lax]`.
  public let isLax: Bool
  /// Whether it only counts if there is no other definition: `[option define/default]`.
  public let isDefault: Bool
  /// The position of its name.
  public let place: Place

  /// An element's text before expansion.
  public enum Value: Sendable {
    /// The text after the colon, and its position.
    case line(Substring, Place)
    /// The lines, and the number of the first.
    case lines(ArraySlice<Substring>, first: Int)
  }

  init(
    name: String, section: String? = nil, value: Value, condition: Condition? = nil, isLax: Bool = false,
    isDefault: Bool = false, place: Place
  ) {
    self.name = name
    self.section = section
    self.value = value
    self.condition = condition
    self.isLax = isLax
    self.isDefault = isDefault
    self.place = place
  }

  /// Whether it has several lines.
  public var isMultiline: Bool { if case .lines = value { true } else { false } }

  /// Whether its text is blank.
  var isBlank: Bool {
    switch value {
    case .line(let text, _): text.isEmpty
    case .lines(let lines, _): lines.allSatisfy { $0.trimmed.isEmpty }
    }
  }
}

extension Definition: CustomStringConvertible {
  /// As written in its section.
  public var description: String {
    let own = section.map { name == $0 ? "" : String(name.dropFirst($0.count + 1)) } ?? name
    switch value {
    case .line(let text, _): return text.isEmpty ? "\(own):\n" : "\(own): \(text)\n"
    case .lines(let lines, _): return (["\(own): ["] + lines + ["]", ""]).joined(separator: "\n")
    }
  }
}
