import Synchronization

/// Parsed files, for a program that reads the same files again and again.
///
/// A file is parsed again if its stamp is another one.
public final class DocumentCache: Sendable {
  private struct Entry {
    let stamp: [Int64]
    let source: Source
    let document: Document
  }

  private let entries = Mutex<[String: Entry]>([:])

  /// Empty.
  public init() {}

  /// The contents of a file, and all malformed lines.
  ///
  /// - Parameter stamp: what changes with the file; nil if it is not known.
  func read(
    _ path: String, _ stamp: [Int64]?, _ source: () throws(FlexDataError) -> Source
  ) throws(FlexDataError) -> (Source, Document, [Problem]) {
    guard let stamp else { return Self.parse(try source()) }
    let known = entries.withLock { $0[path] }
    if let known, known.stamp == stamp { return (known.source, known.document, []) }
    let made = Self.parse(try source())
    if made.2.isEmpty {
      entries.withLock { $0[path] = Entry(stamp: stamp, source: made.0, document: made.1) }
    }
    return made
  }

  private static func parse(_ source: Source) -> (Source, Document, [Problem]) {
    let (document, problems) = Document.read(source)
    return (source, document, problems)
  }
}
