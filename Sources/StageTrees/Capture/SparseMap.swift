import LinuxSystem
import SystemPackage

/// The parts of a file that contain data.
///
/// A file is sparse if it has a hole on disk; the position of the holes is determined from its content, in
/// pages, so that the layout of the file system does not matter.
struct SparseMap: Hashable, Sendable {
  struct Segment: Hashable, Sendable {
    var offset: Int64
    var count: Int64
  }

  private static let page: Int64 = 4096

  private(set) var segments: [Segment] = []
  /// The file's size, including holes.
  let size: Int64

  /// Number of stored bytes.
  var stored: Int64 { segments.reduce(0) { $0 + $1.count } }

  /// Reads a file; nil if it has no hole.
  init?(of file: borrowing Descriptor, status: NodeStatus, cancellation: Cancellation) throws(Errno) {
    guard status.allocated < status.size, try file.hole(from: 0) < status.size else { return nil }
    size = status.size
    let buffer = ChunkBuffer(count: 1 << 18)
    var offset: Int64 = 0
    while offset < size, !cancellation.isCancelled {
      guard let data = try file.data(from: offset), data < size else { break }
      offset = data / Self.page * Self.page
      let end = min(size, max(offset + 1, try file.hole(from: data)))
      while offset < end, !cancellation.isCancelled {
        let wanted = Int(min(Int64(buffer.bytes.count), size - offset))
        let window = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<wanted])
        let count = try file.read(into: window, at: offset)
        // The code that stores the content detects that the file has become shorter.
        if count == 0 { return }
        add(buffer.prefix(count), at: offset)
        offset += Int64(count)
      }
    }
  }

  /// The map in GNU's format 1.0, which precedes the data, in complete blocks.
  var header: [UInt8] {
    var numbers = segments.flatMap { [$0.offset, $0.count] }
    if segments.last.map({ $0.offset + $0.count < size }) ?? true { numbers += [size, 0] }
    let text = Array(([Int64(numbers.count / 2)] + numbers).map { "\($0)\n" }.joined().utf8)
    return text + TarHeader.padding(after: Int64(text.count))
  }

  private mutating func add(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
    for start in stride(from: 0, to: bytes.count, by: Int(Self.page)) {
      let page = UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + Int(Self.page))])
      guard page.contains(where: { $0 != 0 }) else { continue }
      let place = offset + Int64(start)
      if let last = segments.last, last.offset + last.count == place {
        segments[segments.count - 1].count += Int64(page.count)
      } else {
        segments.append(Segment(offset: place, count: Int64(page.count)))
      }
    }
  }
}
