import StageTrees
package import MirrorModel
package import LinuxSystem
import Synchronization
import SystemPackage

/// Looks into a tarball that is to become a seed.
package enum SeedTarball {
  /// Programs that every stage has, in one of these places.
  private static let programs = [
    "bin/bash", "usr/bin/bash", "bin/busybox", "usr/bin/busybox", "bin/sh", "usr/bin/env",
  ]

  /// How the first program begins that every stage has; nil if a tarball has none.
  ///
  /// - Throws: when it is no tarball, or damaged.
  package static func program(in name: String) throws(MirrorError) -> ProgramHeader? {
    let found = Shared(Mutex<ProgramHeader?>(nil))
    try forEachProgram(in: name) { _, header in
      found.value.withLock { $0 = header }
      return false
    }
    return found.value.withLock { $0 }
  }

  /// Throws if a file is no tarball, or holds programs of another architecture than its place in the mirror.
  static func check(_ placement: SubarchSetup.Placement) throws(MirrorError) {
    let name = placement.source
    guard let architecture = placement.path.place.subarch?.arch else { return }
    let expected = Architecture(directory: architecture)?.machine
    let strange = Shared(Mutex<String?>(nil))
    try forEachProgram(in: name) { path, header in
      // Without an architecture that is known the whole tarball is read.
      guard let expected else { return true }
      if header.machine != expected { strange.value.withLock { $0 = path } }
      return false
    }
    if let strange = strange.value.withLock({ $0 }) {
      throw MirrorError(
        .invalid, name, "is not for \(architecture): its \(strange) is of another architecture",
        remedy: "take a stage of the right one")
    }
  }

  /// Visits the programs that every stage has until `visit` says no more; throws if it is no whole tarball.
  private static func forEachProgram(
    in name: String, _ visit: @escaping @Sendable (String, ProgramHeader) -> Bool
  ) throws(MirrorError) {
    let source = Shared(try TarballSource(FilePath(name)))
    try TarballSource.read(source, cancellation: Cancellation()) { pipe throws(MirrorError) in
      let locale = UTF8Locale()
      defer { withExtendedLifetime(locale) {} }
      var reader = try TarReader(pipe, subject: name)
      var isEmpty = true
      while let member = try reader.next() {
        isEmpty = false
        let path = String(decoding: member.name, as: UTF8.self)
        guard case .regular = member.kind,
          programs.contains(path.hasPrefix("./") ? String(path.dropFirst(2)) : path),
          let header = try header(of: &reader)
        else { continue }
        if !visit(path, header) { return }
      }
      if isEmpty { throw MirrorError(.invalid, name, "is an empty tarball", remedy: "download it again") }
    }
  }

  private static func header(of reader: inout TarReader) throws(MirrorError) -> ProgramHeader? {
    guard let block = try reader.nextBlock(), block.offset == 0, block.bytes.count >= ProgramHeader.size
    else {
      return nil
    }
    return ProgramHeader(Array(block.bytes.prefix(ProgramHeader.size)))
  }
}
