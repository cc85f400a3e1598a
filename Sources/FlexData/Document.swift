/// A text's content, not yet expanded: what it defines and what it collects, in its order.
public struct Document: Sendable {
  /// The text.
  public let source: Source
  /// What stands in it.
  public internal(set) var items: [Item] = []

  /// A definition or a collect.
  public enum Item: Sendable {
    case definition(Definition)
    case collect(Collect)
  }
}

/// `name: value`, or `name: [` and lines.
public struct Definition: Sendable {
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
  /// Where its name stands.
  public let place: Place

  /// An element's text before expansion.
  public enum Value: Sendable {
    /// The text after the colon, and where it begins.
    case line(String, Place)
    /// Lines as they stand, and the number of the first.
    case lines([Substring], first: Int)
  }
}

/// `[collect path]`.
public struct Collect: Sendable {
  /// Before expansion.
  public let path: String
  /// The section that it stands in.
  public let section: String?
  /// When it is collected; nil for always.
  public let condition: Condition?
  /// Where the path stands.
  public let place: Place
}

/// `x`, `x is v1 v2` or `x in v1 v2`.
public struct Condition: Sendable, Equatable {
  /// The element that decides.
  public let element: String
  /// Values of which it must have one; none if it need only be defined.
  public let values: [String]
  /// Where it stands.
  public let place: Place

  /// As it is written; `is` and `in` mean the same.
  public var text: String { values.isEmpty ? element : "\(element) is \(values.joined(separator: " "))" }

  public static func == (one: Condition, other: Condition) -> Bool { one.text == other.text }
}

extension Document: CustomStringConvertible {
  /// A text that parses to the same, without comments.
  public var description: String {
    var text = ""
    var (section, condition, isLax): (String?, Condition?, Bool) = (nil, nil, false)
    func turn(to wanted: String?, _ when: Condition?) {
      if wanted != section, let wanted {
        text += "\n[section \(wanted)]\n"
        (section, condition) = (wanted, nil)
      }
      if when != condition {
        text += "[when \(when?.text ?? "*")]\n"
        condition = when
      }
    }
    for item in items {
      switch item {
      case .collect(let collect):
        turn(to: collect.section, collect.condition)
        text += "[collect \(collect.path)]\n"
      case .definition(let definition):
        turn(to: definition.section, definition.condition)
        if definition.isLax != isLax {
          isLax = definition.isLax
          text += "[option parse/\(isLax ? "lax" : "strict")]\n"
        }
        text += definition.description
      }
    }
    return text
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
