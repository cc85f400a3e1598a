import CLinux
import Glibc
import SystemPackage

/// The records of `getdents64(2)` for an open directory.
enum DirectoryListing {
  struct Record: Sendable {
    let name: FileName
    /// `DT_DIR` and so on; `DT_UNKNOWN` on some file systems.
    let type: Int
  }

  /// All names except `.` and `..`, in the disk's order.
  static func records(of directory: borrowing Descriptor) throws(Errno) -> [Record] {
    var records: [Record] = []
    // The position may be at the end if this descriptor, or one that shares its position, was read before.
    lseek(directory.raw, 0, SEEK_SET)
    let fault: Errno? = withUnsafeTemporaryAllocation(byteCount: 32768, alignment: 16) { buffer in
      while true {
        let count = clinux_getdents64(directory.raw, buffer.baseAddress, buffer.count)
        if count == 0 { return nil }
        if count < 0 { return lastErrno() }
        append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]), to: &records)
      }
    }
    if let fault { throw fault }
    return records
  }

  private static func append(_ bytes: UnsafeRawBufferPointer, to records: inout [Record]) {
    var rest = bytes
    // struct linux_dirent64: ino (8), off (8), reclen (2), type (1), name.
    while rest.count > 19 {
      let length = Int(rest.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
      guard length > 19, length <= rest.count else { return }
      let name = rest[19..<length].prefix { $0 != 0 }
      if !(name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8)) {
        records.append(Record(name: FileName(bytes: Array(name)), type: Int(rest[18])))
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[length...])
    }
  }
}
