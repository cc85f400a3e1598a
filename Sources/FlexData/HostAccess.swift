/// What the language needs of the world.
public struct HostAccess: Sendable {
  /// Why something cannot be had.
  public struct Fault: Error, Sendable {
    let message: String

    /// - Parameter message: what is wrong, without the path.
    public init(_ message: String) { self.message = message }
  }

  /// Reads a whole file.
  public let read: @Sendable (_ path: String) throws(Fault) -> [UInt8]
  /// Runs the `<?python ?>` blocks of an element, one after the other in one interpreter, and gives what each
  /// printed.
  public let run: @Sendable (_ blocks: [String]) throws(Fault) -> [String]

  /// A host by what it does.
  public init(
    read: @escaping @Sendable (_ path: String) throws(Fault) -> [UInt8],
    run: @escaping @Sendable (_ blocks: [String]) throws(Fault) -> [String] = { _ throws(Fault) in
      throw Fault("code is not run here")
    }
  ) {
    self.read = read
    self.run = run
  }

  /// A file as text; `place` is what asks for it.
  func source(_ path: String, at place: Place?) throws(FlexDataError) -> Source {
    let bytes: [UInt8]
    do throws(Fault) { bytes = try read(path) } catch {
      throw FlexDataError("\(path): \(error.message)", at: place, hint: place == nil ? nil : "check the path")
    }
    return try Source(name: path, bytes: bytes)
  }
}
