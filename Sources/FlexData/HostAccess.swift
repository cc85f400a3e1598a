/// What the language needs of the world.
public struct HostAccess: Sendable {
  /// Why a file cannot be had.
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

  func source(_ path: String) throws(Fault) -> Source {
    let bytes = try read(path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      let valid = bytes.prefix { $0 < 0x80 }
      let line = valid.count { $0 == UInt8(ascii: "\n") } + 1
      throw Fault("is not UTF-8 text (line \(line) or below)")
    }
    return Source(name: path, text: text)
  }
}
