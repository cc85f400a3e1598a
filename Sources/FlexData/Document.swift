/// A text's content, not yet expanded: what it defines and what it collects, in its order.
public struct Document: Sendable {
  /// What stands in it.
  public let items: [Item]

  /// A definition or a collect.
  public enum Item: Sendable {
    /// An element.
    case definition(Definition)
    /// A file.
    case collect(Collect)
  }

  /// Reads a text.
  ///
  /// - Throws: every malformed line of it.
  public init(_ source: Source) throws(FlexDataError) {
    let (document, problems) = Self.read(source)
    guard problems.isEmpty else { throw FlexDataError(problems) }
    self = document
  }

  private init(items: [Item]) { self.items = items }

  /// What a text says, and every malformed line.
  static func read(_ source: Source) -> (Document, [Problem]) {
    var parser = Parser(source)
    parser.run()
    return (Document(items: parser.items), parser.problems)
  }
}

extension Document: CustomStringConvertible {
  /// A text that parses to the same, without comments.
  public var description: String {
    var text = ""
    var (section, condition): (String?, Condition?) = (nil, nil)
    var (isLax, isDefault) = (false, false)
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
        if definition.isDefault != isDefault {
          isDefault = definition.isDefault
          text += "[option define/\(isDefault ? "default" : "own")]\n"
        }
        text += definition.description
      }
    }
    return text
  }
}
