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

  /// Reads the whole file for its digest.
  init(_ path: FilePath) throws(MirrorError) {
    let path = path.canonical
    let file = try path.openParent().file(MirrorPath(bytes: try path.fileName().bytes))
    let status = try attempt("examine", "\(path)") { () throws(Errno) in try file.status() }
    guard status.kind == .regular, status.size > 0 else {
      throw MirrorError(.invalid, "\(path)", "is not a disk image", remedy: "use a raw image of a disk")
    }
    let digest = try OpenSSLDigest.digest(.sha256, of: file, size: status.size, "\(path)")
    self.path = path
    identity = status.identity
    source = CloudRecord.Source(bytes: status.size, sha256: hex(digest))
  }

  /// Its size in GiB, rounded up.
  var gigabytes: Int { Int((source.bytes + (1 << 30) - 1) >> 30) }

  /// Whether the name of a file is that of a raw disk image.
  static func isDisk(_ path: FilePath) -> Bool {
    ["raw", "img"].contains(path.extension)
  }

  /// The architecture that the types of its partitions name.
  ///
  /// Source: the Discoverable Partitions Specification; UEFI 2.10, 5.3.
  ///
  /// - Throws: if none does.
  static func architecture(of path: FilePath) throws(MirrorError) -> Architecture {
    let path = path.canonical
    let file = try path.openParent().file(MirrorPath(bytes: try path.fileName().bytes))
    let roots: [([UInt8], Architecture)] = [
      (bytes("e3bc684fcde8b14d96e7fbcaf984b709"), .amd64),
      (bytes("45b021b9f01dc341af444c6f280d3fae"), .arm64),
      (bytes("40954744" + "97f2" + "b241" + "9af7d131d5f0458a"), .x86),
    ]
    for sector in [512, 4096] as [Int64] {
      let table = try attempt("read", "\(path)") { () throws(Errno) in
        try file.bytes(from: sector, count: Int(sector) + 128 * 128)
      }
      guard table.starts(with: "EFI PART".utf8) else { continue }
      // The entries follow the header, each of 128 bytes, in all tables that are in use.
      for start in stride(from: Int(sector), to: table.count - 16, by: 128) {
        let type = Array(table[start..<start + 16])
        if let root = roots.first(where: { $0.0 == type }) { return root.1 }
      }
    }
    throw MirrorError(
      .invalid, "\(path)", "has no partition whose type names an architecture", remedy: "set its architecture"
    )
  }

  private static func bytes(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Substring(text)
    while !rest.isEmpty {
      bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
