import Hashing
import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// A raw disk image.
struct CloudDisk {
  let path: FilePath
  let identity: FileIdentity
  let source: CloudRecord.Source

  /// - Parameter known: its SHA-256; nil to read the whole file for it.
  init(_ path: FilePath, sha256 known: [UInt8]? = nil) throws(MirrorError) {
    let path = path.canonical
    let file = try path.openParent().file(MirrorPath(bytes: try path.fileName().bytes))
    let status = try attempt("examine", "\(path)") { () throws(Errno) in try file.status() }
    guard status.kind == .regular, status.size > 0 else {
      throw MirrorError(.invalid, "\(path)", "is not a disk image", remedy: "use a raw image of a disk")
    }
    let digest: [UInt8]
    if let known {
      digest = known
    } else {
      digest = try OpenSSLDigest.sha256(of: file, "\(path)").digest
    }
    self.path = path
    identity = status.identity
    source = CloudRecord.Source(bytes: status.size, sha256: hex(digest))
  }

  /// Whether a stage is a raw disk image, by its name.
  static func isDisk(_ path: FilePath) -> Bool {
    ["raw", "img"].contains(path.extension) && (try? path.status())?.kind != .directory
  }

  /// The architecture that the types of its partitions name.
  ///
  /// Source: UEFI 2.10, 5.3; see ``BootMachine``.
  ///
  /// - Throws: if none does.
  static func architecture(of path: FilePath) throws(MirrorError) -> Architecture {
    let path = path.canonical
    let file = try path.openParent().file(MirrorPath(bytes: try path.fileName().bytes))
    for sector in [512, 4096] as [Int64] {
      let table = try attempt("read", "\(path)") { () throws(Errno) in
        try file.bytes(from: sector, count: Int(sector) + 128 * 128)
      }
      guard table.starts(with: "EFI PART".utf8) else { continue }
      // The entries follow the header, each of 128 bytes, in all tables that are in use.
      for start in stride(from: Int(sector), to: table.count - 16, by: 128) {
        let type = Self.typeName(Array(table[start..<start + 16]))
        if let architecture = BootMachine.architecture(ofRoot: type) { return architecture }
      }
    }
    throw MirrorError(
      .invalid, "\(path)", "has no partition whose type names an architecture", remedy: "set its architecture"
    )
  }

  /// The usual text of a GUID in a table of partitions, whose first three numbers are little-endian.
  private static func typeName(_ bytes: [UInt8]) -> String {
    ImageUUID.text(bytes[..<4].reversed() + bytes[4..<6].reversed() + bytes[6..<8].reversed() + bytes[8...])
      .uppercased()
  }
}
