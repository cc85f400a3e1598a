import CLibArchive
import Glibc
import SystemPackage

/// Looks into a tarball that is to become a seed.
package enum SeedTarball {
  /// Programs that every stage has, in one of these places.
  private static let programs = [
    "bin/bash", "usr/bin/bash", "bin/busybox", "usr/bin/busybox", "bin/sh", "usr/bin/env",
  ]

  /// ELF class and machine by architecture. Source: elf(5), `e_ident[EI_CLASS]` and `e_machine`.
  private static let machines: [FileName: ProgramHeader.Machine] = [
    "x86-64bit": .init(class: 2, number: 62), "pure64": .init(class: 2, number: 62),
    "x86-32bit": .init(class: 1, number: 3), "arm-64bit": .init(class: 2, number: 183),
    "arm-32bit": .init(class: 1, number: 40), "riscv-64bit": .init(class: 2, number: 243),
  ]

  /// What programs of an architecture, as mirrors name it, are made for; nil if that is not known.
  package static func machine(of architecture: FileName) -> ProgramHeader.Machine? { machines[architecture] }

  /// How the first program begins that every stage has; nil if a tarball has none.
  ///
  /// - Throws: when it is no tarball, or damaged.
  package static func program(in name: String) throws(MirrorError) -> ProgramHeader? {
    var found: ProgramHeader?
    try forEachProgram(in: name) { _, header in
      found = header
      return false
    }
    return found
  }

  /// Throws if a file is no tarball, or holds programs of another architecture than its place in the mirror.
  static func check(
    _ placement: SubarchSetup.Placement, in anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let name = placement.source
    let architecture = placement.path.parent.parent.parent.name
    let expected = machines[architecture]
    var strange: String?
    try forEachProgram(in: name) { path, header in
      // Without an architecture that is known the whole tarball is read.
      guard let expected else { return true }
      if header.machine != expected { strange = path }
      return false
    }
    if let strange {
      throw MirrorError(
        .invalid, name, "is not for \(architecture): its \(strange) is of another architecture",
        remedy: "take a stage of the right one")
    }
  }

  /// Visits the programs that every stage has until `visit` says no more; throws if it is no whole tarball.
  private static func forEachProgram(
    in name: String, _ visit: (String, ProgramHeader) -> Bool
  ) throws(MirrorError) {
    guard let archive = archive_read_new() else { throw .system(.noMemory, "read", name) }
    defer { archive_read_free(archive) }
    archive_read_support_filter_all(archive)
    archive_read_support_format_tar(archive)
    guard archive_read_open_filename(archive, name, 1 << 18) == ARCHIVE_OK else {
      throw LibArchive.fault(of: archive, "read", name)
    }
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
      guard let path = archive_entry_pathname(entry).map({ String(cString: $0) }),
        programs.contains(path.hasPrefix("./") ? String(path.dropFirst(2)) : path),
        let header = header(of: archive)
      else { continue }
      if !visit(path, header) { return }
    }
    if isEmpty { throw MirrorError(.invalid, name, "is an empty tarball", remedy: "download it again") }
  }

  private static func header(of archive: OpaquePointer) -> ProgramHeader? {
    var bytes = [UInt8](repeating: 0, count: ProgramHeader.size)
    guard archive_read_data(archive, &bytes, bytes.count) == bytes.count else { return nil }
    return ProgramHeader(bytes)
  }
}
