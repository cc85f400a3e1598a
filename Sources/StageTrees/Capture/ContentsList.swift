import MirrorModel
import LinuxSystem

/// Lists the members of a tarball, one path per line as printed by `tar -t` in a UTF-8 locale, compressed
/// with gzip.
struct ContentsList: ~Copyable {
  private var encoder: GzipEncoder
  private var pending: [UInt8] = []
  private static let batch = 1 << 16

  init(into file: consuming Descriptor, subject: String, cancellation: Cancellation) throws(MirrorError) {
    // The default level of `gzip`.
    encoder = try GzipEncoder(
      level: 6, threads: 1, into: FileSink(file, subject: subject), subject: subject,
      cancellation: cancellation)
    pending.reserveCapacity(Self.batch + 8192)
  }

  mutating func add(_ path: [UInt8]) throws(MirrorError) {
    Self.append(path, to: &pending)
    if pending.count >= Self.batch { try flush() }
  }

  mutating func finish() throws(MirrorError) {
    try flush()
    try encoder.finish()
  }

  private mutating func flush() throws(MirrorError) {
    let buffer = ChunkBuffer(count: max(1, pending.count))
    buffer.bytes.copyBytes(from: pending)
    try encoder.encode(buffer.prefix(pending.count))
    pending.removeAll(keepingCapacity: true)
  }

  /// A path and a newline; escaped like GNU tar's `--quoting-style=escape` so that it stays on one line.
  private static func append(_ path: [UInt8], to line: inout [UInt8]) {
    let isText = String(validating: path, as: UTF8.self) != nil
    for byte in path {
      switch byte {
      case UInt8(ascii: "\\"): line += "\\\\".utf8
      case 0x20...0x7e: line.append(byte)
      case 0x80... where isText: line.append(byte)
      default:
        if let letter = letters[byte] {
          line += [UInt8(ascii: "\\"), letter]
        } else {
          let digits = String(byte, radix: 8)
          line += "\\\(String(repeating: "0", count: 3 - digits.utf8.count))\(digits)".utf8
        }
      }
    }
    line.append(UInt8(ascii: "\n"))
  }

  private static let letters: [UInt8: UInt8] = [
    7: UInt8(ascii: "a"), 8: UInt8(ascii: "b"), 9: UInt8(ascii: "t"), 10: UInt8(ascii: "n"),
    11: UInt8(ascii: "v"), 12: UInt8(ascii: "f"), 13: UInt8(ascii: "r"),
  ]
}
