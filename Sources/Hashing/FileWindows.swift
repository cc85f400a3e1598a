import LinuxSystem

/// Maps a file window by window, so that what is cached need not be copied.
///
/// What is not cached is for others to read: reads keep the disk busier than faults. File systems that do not say
/// what is cached are not mapped. Among them are those that another machine or program can change.
struct FileWindows {
  /// Smaller files, in bytes, are not worth the calls.
  private static let leastBytes: Int64 = 1 << 20
  /// Size of a window in bytes: large pages of the cache are mapped as a whole.
  private static let windowBytes: Int64 = 2 << 20

  private let size: Int64
  private var window: MappedWindow?
  /// The part of the file that is mapped, or was found not to be cached.
  private var range: Range<Int64> = 0..<0

  /// nil if the file is too small.
  init?(size: Int64) {
    guard size >= Self.leastBytes else { return nil }
    self.size = size
  }

  /// At most `count` mapped bytes from an offset, valid until the next call; nil if they are not mapped.
  mutating func bytes(
    of file: borrowing Descriptor, from offset: Int64, atMost count: Int
  ) -> UnsafeRawBufferPointer? {
    guard offset < size else { return nil }
    if !range.contains(offset) { move(to: offset, in: file) }
    guard let content = window?.bytes else { return nil }
    let start = Int(offset - range.lowerBound)
    return UnsafeRawBufferPointer(rebasing: content[start...].prefix(count))
  }

  /// The part of the file that was read as zeros in place of its content; nil if none.
  var fault: Range<Int64>? { window?.hasFaulted == true ? range : nil }

  /// Ends the window; the next one is mapped when bytes are needed again.
  mutating func close() {
    window = nil
    range = 0..<0
  }

  private mutating func move(to offset: Int64, in file: borrowing Descriptor) {
    window = nil
    let start = offset - offset % Self.windowBytes
    range = start..<min(start + Self.windowBytes, size)
    let places = [range.lowerBound, (range.lowerBound + range.upperBound) / 2, range.upperBound - 1]
    guard places.allSatisfy({ file.isCached(at: $0) == true }) else { return }
    window = MappedWindow(of: file, from: start, count: range.count)
  }
}
