import CLinux
import SystemPackage

/// A part of a file that is mapped for reading, the only owner of the mapping.
///
/// A read beyond the end of a file that became shorter, or from a disk that fails, returns zeros.
package final class MappedWindow {
  private let number: Int32
  /// The content, which may change at any time.
  package let bytes: UnsafeRawBufferPointer

  /// Maps `count` bytes from a multiple of the page size; nil if that is not possible.
  package init?(of file: borrowing Descriptor, from offset: Int64, count: Int) {
    var content: UnsafeRawPointer?
    let number = clinux_map_window(file.raw, offset, count, &content)
    guard number >= 0, let content else { return nil }
    self.number = number
    bytes = UnsafeRawBufferPointer(start: content, count: count)
  }

  deinit { clinux_unmap_window(number) }

  /// Whether zeros were read in place of the content.
  package var hasFaulted: Bool { clinux_has_faulted(number) }
}

extension Descriptor {
  /// Whether a byte can be read without waiting for a disk; nil if the file system does not say.
  package func isCached(at offset: Int64) -> Bool? {
    let answer = clinux_is_cached(raw, offset)
    return answer < 0 ? nil : answer > 0
  }
}
