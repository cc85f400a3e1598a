import StageTrees
package import MirrorModel
package import LinuxSystem
import Synchronization
import SystemPackage

/// Checks a tarball that is to become a seed.
package enum SeedTarball {
  /// Programs of which every stage contains at least one.
  private static let programs = [
    "bin/bash", "usr/bin/bash", "bin/busybox", "usr/bin/busybox", "bin/sh", "usr/bin/env",
  ]

  /// Reads the beginning of the first such program; nil if a tarball contains none.
  ///
  /// - Throws: if the file is not a tarball, or is damaged.
  package static func program(in name: String) throws(MirrorError) -> ProgramHeader? {
    let found = Shared(Mutex<ProgramHeader?>(nil))
    try forEachProgram(in: name) { _, header in
      found.value.withLock { $0 = header }
      return false
    }
    return found.value.withLock { $0 }
  }

  /// Throws if a file is not a complete tarball, or contains programs of another architecture than its place
  /// in the mirror.
  static func check(_ placement: SubarchSetup.Placement) throws(MirrorError) {
    let name = placement.source
    guard let subarch = placement.path.place.subarch else { return }
    let expected = Architecture.machines(of: subarch)
    let strange = Shared(Mutex<(path: String, machine: ProgramHeader.Machine)?>(nil))
    try forEachProgram(in: name) { path, header in
      if let expected, !expected.contains(header.machine) {
        strange.value.withLock { $0 = $0 ?? (path, header.machine) }
      }
      // Everything is read, so that a build does not find the damage later.
      return true
    }
    if let (path, machine) = strange.value.withLock({ $0 }) {
      throw mismatch(name, "its \(path) is for \(Architecture.title(of: machine))", subarch)
    }
  }

  /// Throws if the stages of one subarch contain programs of another architecture than another subarch, which is to
  /// start from them.
  ///
  /// - Parameter tarball: a stage3 of `other`; read only if the name of its architecture is not known.
  static func check(
    _ other: SubarchPlace, _ tarball: String, for subarch: SubarchPlace
  ) throws(MirrorError) {
    guard let expected = Architecture.machines(of: subarch) else { return }
    var found = Architecture.machines(of: other)
    if found == nil { found = try program(in: tarball).map { [$0.machine] } }
    guard let found, let first = found.first, !found.contains(where: expected.contains) else { return }
    throw mismatch(tarball, "it is for \(Architecture.title(of: first))", subarch)
  }

  private static func mismatch(_ name: String, _ found: String, _ subarch: SubarchPlace) -> MirrorError {
    let expected = (Architecture.machines(of: subarch) ?? []).map(Architecture.title(of:))
    return MirrorError(
      .invalid, name,
      "is not for \(subarch.arch) \(subarch.name): \(found), not for \(expected.joined(separator: " or "))",
      remedy: "use a stage for that architecture")
  }

  /// Visits these programs until `visit` returns false; throws if the file is not a complete tarball.
  private static func forEachProgram(
    in name: String, _ visit: @escaping @Sendable (String, ProgramHeader) -> Bool
  ) throws(MirrorError) {
    let links = Shared(Mutex<(targets: Set<String>, isDone: Bool)>(([], false)))
    try forEach(of: Set(programs), in: name) { path, content in
      links.value.withLock { links in
        switch content {
        case .program(let header): links.isDone = !visit(path, header)
        case .link(let target):
          if links.targets.count < programs.count, !programs.contains(target) { links.targets.insert(target) }
        }
        return !links.isDone
      }
    }
    // The first name of a file has its content, and may have been passed.
    let (targets, isDone) = links.value.withLock { $0 }
    guard !isDone, !targets.isEmpty else { return }
    try forEach(of: targets, in: name) { path, content in
      if case .program(let header) = content { visit(path, header) } else { true }
    }
  }

  private enum Content {
    case program(ProgramHeader)
    /// To another member.
    case link(String)
  }

  /// Visits the members with these names that are programs or hard links until `visit` returns false.
  private static func forEach(
    of names: Set<String>, in name: String, _ visit: @escaping @Sendable (String, Content) -> Bool
  ) throws(MirrorError) {
    let source = Shared(try TarballSource(FilePath(name)))
    try TarballSource.read(source, threads: Workers.processors, cancellation: Cancellation()) {
      pipe throws(MirrorError) in
      let locale = UTF8Locale()
      defer { withExtendedLifetime(locale) {} }
      var reader = try TarReader(pipe, subject: name)
      var isEmpty = true
      while let member = try reader.next() {
        isEmpty = false
        let path = String(decoding: member.name, as: UTF8.self)
        guard names.contains(plain(path)) else { continue }
        switch member.kind {
        case .regular:
          if let header = try header(of: &reader), !visit(path, .program(header)) { return }
        case .hardLink(let target):
          if !visit(path, .link(plain(String(decoding: target, as: UTF8.self)))) { return }
        default: break
        }
      }
      if isEmpty { throw MirrorError(.invalid, name, "is an empty tarball", remedy: "download it again") }
    }
  }

  /// A name without `./`.
  private static func plain(_ path: String) -> String {
    path.hasPrefix("./") ? String(path.dropFirst(2)) : path
  }

  private static func header(of reader: inout TarReader) throws(MirrorError) -> ProgramHeader? {
    guard let block = try reader.nextBlock(), block.offset == 0, block.bytes.count >= ProgramHeader.size
    else {
      return nil
    }
    return ProgramHeader(Array(block.bytes.prefix(ProgramHeader.size)))
  }
}
