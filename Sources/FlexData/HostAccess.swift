/// The functions of the host that the language needs.
public struct HostAccess: Sendable {
  /// Why a function failed.
  public struct Fault: Error, Sendable {
    let message: String

    /// - Parameter message: the problem, without the path.
    public init(_ message: String) { self.message = message }
  }

  /// Reads a complete file.
  public let read: @Sendable (_ path: String) throws(Fault) -> [UInt8]
  /// Runs the `<?python ?>` blocks of an element in order in one interpreter, and returns the output of each.
  public let run: @Sendable (_ blocks: [String]) throws(Fault) -> [String]

  /// What changes with a file, so that it need not be read again; nil if it is not known.
  public let stamp: @Sendable (_ path: String) -> [Int64]?
  private let cache: DocumentCache

  /// Creates a host from its functions.
  ///
  /// - Parameter cache: for the files that texts collect.
  public init(
    cache: DocumentCache = DocumentCache(),
    stamp: @escaping @Sendable (_ path: String) -> [Int64]? = { _ in nil },
    read: @escaping @Sendable (_ path: String) throws(Fault) -> [UInt8],
    run: @escaping @Sendable (_ blocks: [String]) throws(Fault) -> [String] = { _ throws(Fault) in
      throw Fault("running code is disabled")
    }
  ) {
    self.cache = cache
    self.stamp = stamp
    self.read = read
    self.run = run
  }

  /// A parsed file, and its malformed lines; `place` is the position that requests it.
  func document(_ path: String, at place: Place?) throws(FlexDataError) -> (Source, Document, [Problem]) {
    // The stamp comes first: a file that changes while it is read is read again.
    try cache.read(path, stamp(path)) { () throws(FlexDataError) in try source(path, at: place) }
  }

  /// A file as text; `place` is the position that requests it.
  func source(_ path: String, at place: Place?) throws(FlexDataError) -> Source {
    let bytes: [UInt8]
    do throws(Fault) { bytes = try read(path) } catch {
      throw FlexDataError([
        Problem(
          message: "\(path): \(error.message)", place: place, hint: place == nil ? nil : "check the path",
          unreadable: path)
      ])
    }
    return try Source(name: path, bytes: bytes)
  }
}
