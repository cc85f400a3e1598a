import CLibArchive
import Glibc
import SystemPackage

/// Looks into a tarball that is to become a seed.
enum SeedTarball {
  /// Programs that every stage has, in one of these places.
  private static let programs = [
    "bin/bash", "usr/bin/bash", "bin/busybox", "usr/bin/busybox", "bin/sh", "usr/bin/env",
  ]

  /// ELF class and machine by architecture. Source: elf(5), `e_ident[EI_CLASS]` and `e_machine`.
  private static let machines: [FileName: (class: UInt8, machine: UInt16)] = [
    "x86-64bit": (2, 62), "pure64": (2, 62), "x86-32bit": (1, 3), "arm-64bit": (2, 183), "arm-32bit": (1, 40),
    "riscv-64bit": (2, 243),
  ]

  /// Throws if a file is no tarball, or holds programs of another architecture than its place in the mirror.
  static func check(
    _ placement: SubarchSetup.Placement, in anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let name = placement.source
    guard let archive = archive_read_new() else { throw .system(.noMemory, "read", name) }
    defer { archive_read_free(archive) }
    archive_read_support_filter_all(archive)
    archive_read_support_format_tar(archive)
    guard archive_read_open_filename(archive, name, 1 << 18) == ARCHIVE_OK else {
      throw LibArchive.fault(of: archive, "read", name)
    }
    let expected = machines[placement.path.parent.parent.parent.name]
    var entry: OpaquePointer?
    var isEmpty = true
    while true {
      let result = archive_read_next_header(archive, &entry)
      if result == ARCHIVE_EOF { break }
      guard result == ARCHIVE_OK || result == ARCHIVE_WARN else {
        throw MirrorError(
          .invalid, name,
          isEmpty ? "is no tarball" : "is damaged: \(LibArchive.fault(of: archive, "read", name).problem)",
          remedy: "download it again")
      }
      isEmpty = false
      guard let expected, let path = archive_entry_pathname(entry).map({ String(cString: $0) }),
        programs.contains(path.hasPrefix("./") ? String(path.dropFirst(2)) : path),
        let found = header(of: archive)
      else { continue }
      guard found == expected else {
        throw MirrorError(
          .invalid, name,
          "is not for \(placement.path.parent.parent.parent.name): its \(path) is of another architecture",
          remedy: "take a stage of the right one")
      }
      return
    }
    if isEmpty { throw MirrorError(.invalid, name, "is an empty tarball", remedy: "download it again") }
  }

  /// Class and machine of the ELF program that the archive is at; nil if it is none.
  private static func header(of archive: OpaquePointer) -> (class: UInt8, machine: UInt16)? {
    var bytes = [UInt8](repeating: 0, count: 20)
    guard archive_read_data(archive, &bytes, bytes.count) == bytes.count,
      bytes.prefix(4) == [0x7f, 0x45, 0x4c, 0x46]
    else { return nil }
    let isBigEndian = bytes[5] == 2
    let machine =
      isBigEndian ? UInt16(bytes[18]) << 8 | UInt16(bytes[19]) : UInt16(bytes[19]) << 8 | UInt16(bytes[18])
    return (bytes[4], machine)
  }
}
