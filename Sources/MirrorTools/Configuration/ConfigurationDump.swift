public import FlexData

/// All elements of a configuration, expanded.
public struct ConfigurationDump: Report, Sendable {
  /// An element's expanded text.
  public enum Value: Sendable, Encodable {
    /// Text of a single-line element.
    case text(String)
    /// Lines of a multi-line element.
    case lines([String])

    /// Encodes a string or an array of strings.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .lines(let lines): try container.encode(lines)
      }
    }
  }

  /// By name.
  public private(set) var elements: [String: Value] = [:]
  /// Why other elements could not be expanded, by name.
  public private(set) var unresolved: [String: String] = [:]

  private enum CodingKeys: CodingKey { case elements, unresolved }

  /// Expands all elements.
  public init(_ all: Elements) {
    for name in all.names {
      do throws(FlexDataError) {
        if try all.isMultiline(name) {
          elements[name] = .lines(try all.lines(name) ?? [])
        } else if let text = try all.text(name) {
          elements[name] = .text(text)
        }
      } catch {
        unresolved[name] = error.problems.map(\.message).joined(separator: "; ")
      }
    }
  }

  /// The elements in the configuration language; those that could not be expanded are comments.
  public var lines: [ReportLine] { text.asEssentialLines }

  private var text: [String] {
    elements.sorted { $0.key < $1.key }.flatMap { name, value in
      switch value {
      case .text(let text): [text.isEmpty ? "\(name):" : "\(name): \(text)"]
      case .lines(let lines): ["\(name): ["] + lines + ["]"]
      }
    } + unresolved.sorted { $0.key < $1.key }.map { "# \($0.key): \($0.value)" }
  }
}
