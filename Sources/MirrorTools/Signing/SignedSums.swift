package import LinuxSystem
import MirrorModel

/// `SHA256SUMS` of a directory with its detached signature, as systemd's importd expects them.
package struct SignedSums {
  private static let name: FileName = "SHA256SUMS"
  private static let signatureName: FileName = "SHA256SUMS.gpg"
  /// Maximum size of such a file.
  private static let limit = 1 << 20

  private let signer: Signer?

  /// - Parameter settings: nil to write no signature.
  /// - Throws: if the key cannot sign.
  package init(_ settings: SigningSettings?, cancellation: Cancellation) throws(MirrorError) {
    signer = try settings.map { settings throws(MirrorError) in
      try Signer(settings, cancellation: cancellation)
    }
  }

  /// Sets the line of one file; lines of other files are kept.
  ///
  /// - Parameter put: puts the file in place, after its old signature was removed.
  /// - Returns: the names and contents of the files that were written.
  package func update(
    _ file: FileName, sha256: [UInt8], in directory: borrowing AnchoredDirectory, _ ownership: Ownership,
    _ cancellation: Cancellation, put: () throws(MirrorError) -> Void
  ) throws(MirrorError) -> [(name: FileName, bytes: [UInt8])] {
    let signer = signer
    return try DirectoryLock.with(MirrorPath(bytes: []), in: directory, cancellation) {
      () throws(MirrorError) in
      let old = try directory.contents(of: MirrorPath(bytes: Self.name.bytes), limit: Self.limit) ?? []
      var lines = old.split(separator: UInt8(ascii: "\n")).map(Array.init).filter {
        Self.file($0) != file.bytes
      }
      lines.append(Array("\(hex(sha256)) *".utf8) + file.bytes)
      let text = lines.sorted { (Self.file($0) ?? []).lexicographicallyPrecedes(Self.file($1) ?? []) }
        .flatMap { $0 + [UInt8(ascii: "\n")] }
      var files = [(name: Self.name, bytes: text)]
      if let signer {
        let memory = try MemoryFile(text, for: "gpg")
        let signature = try signer.signature(
          of: memory.path, directory.displayed(Self.name), bytes: Int64(text.count), as: .gpg)
        files.append((Self.signatureName, signature))
      }
      if try directory.status(of: Self.signatureName) != nil { try directory.unlink(Self.signatureName) }
      try put()
      for file in files { try DurableFile.write(file.bytes, to: file.name, in: directory, ownership) }
      return files
    }
  }

  /// The name in a line: after 64 digits, a space, and a space or asterisk.
  private static func file(_ line: [UInt8]) -> [UInt8]? { line.count > 66 ? Array(line[66...]) : nil }
}
