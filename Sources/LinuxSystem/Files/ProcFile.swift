import Glibc

/// Small files in `/proc` and `/sys`, for which stat(2) reports no useful size.
package enum ProcFile {
  /// The contents as text; nil if the file cannot be read.
  package static func text(_ path: String) -> String? {
    bytes(path).map { String(decoding: $0, as: UTF8.self) }
  }

  package static func bytes(_ path: String) -> [UInt8]? {
    let raw = open(path, O_RDONLY | O_CLOEXEC)
    guard raw >= 0 else { return nil }
    let file = Descriptor(owning: raw)
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = buffer.withUnsafeMutableBytes { Glibc.read(file.raw, $0.baseAddress, $0.count) }
      guard count > 0 else { return count == 0 ? content : nil }
      content += buffer.prefix(count)
    }
  }
}
