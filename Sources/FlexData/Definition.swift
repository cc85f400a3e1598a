/// `name: value`, or `name: [` and lines.
public final class Definition: Sendable {
  /// With its section before it, `path/mirror/owner`.
  public let name: String
  /// The section that it stands in; `:` stands for it.
  public let section: String?
  /// Its text.
  public let value: Value
  /// When it counts; nil for always.
  public let condition: Condition?
  /// Whether what it refers to may be undefined: `[option parse/lax]`.
  public let isLax: Bool
  /// Whether it counts only where no other definition does: `[option define/default]`.
  public let isDefault: Bool
  /// Where its name stands.
  public let place: Place

  /// An element's text before expansion.
  public enum Value: Sendable {
    /// The text after the colon, and where it begins.
    case line(Substring, Place)
    /// Lines as they stand, and the number of the first.
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

  /// Whether it is of several lines.
  public var isMultiline: Bool { if case .lines = value { true } else { false } }

  /// Whether there is nothing in its text.
  var isBlank: Bool {
    switch value {
    case .line(let text, _): text.isEmpty
    case .lines(let lines, _): lines.allSatisfy { $0.trimmed.isEmpty }
    }
  }
}

extension Definition: CustomStringConvertible {
  /// As it is written in its section.
  public var description: String {
    let own = section.map { name == $0 ? "" : String(name.dropFirst($0.count + 1)) } ?? name
    switch value {
    case .line(let text, _): return text.isEmpty ? "\(own):\n" : "\(own): \(text)\n"
    case .lines(let lines, _): return (["\(own): ["] + lines + ["]", ""]).joined(separator: "\n")
    }
  }
}
