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

  /// Creates a host from its functions.
  public init(
    read: @escaping @Sendable (_ path: String) throws(Fault) -> [UInt8],
    run: @escaping @Sendable (_ blocks: [String]) throws(Fault) -> [String] = { _ throws(Fault) in
      throw Fault("running code is disabled")
    }
  ) {
    self.read = read
    self.run = run
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
