/// The contents of a text before expansion: its definitions and collects, in order.
public struct Document: Sendable {
  /// The contents.
  public let items: [Item]

  /// A definition or a collect.
  public enum Item: Sendable {
    /// An element.
    case definition(Definition)
    /// A file.
    case collect(Collect)
  }

  /// Parses a text.
  ///
  /// - Throws: all malformed lines.
  public init(_ source: Source) throws(FlexDataError) {
    let (document, problems) = Self.read(source)
    guard problems.isEmpty else { throw FlexDataError(problems) }
    self = document
  }

  private init(items: [Item]) { self.items = items }

  /// The contents of a text, and all malformed lines.
  static func read(_ source: Source) -> (Document, [Problem]) {
    var parser = Parser(source)
    parser.run()
    return (Document(items: parser.items), parser.problems)
  }
}

extension Document: CustomStringConvertible {
  /// A text that parses to the same contents, without comments.
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
