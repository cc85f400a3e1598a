import LinuxSystem
import StageTrees
import SystemPackage

/// Writes the few files of a stage tarball that boot it and name it into a directory.
///
/// Owners, modes and links do not matter here, so an ordinary user can do it.
struct BootExtract: Sendable {
  let threads: Int
  let cancellation: Cancellation

  func run(_ tarball: FilePath, into root: borrowing AnchoredDirectory) throws(MirrorError) {
    let source = Shared(try TarballSource(tarball))
    let root = Shared(try root.duplicate())
    let cancellation = cancellation
    try TarballSource.read(source, threads: threads, cancellation: cancellation) { pipe throws(MirrorError) in
      let locale = UTF8Locale()
      defer { withExtendedLifetime(locale) {} }
      var reader = try TarReader(pipe, subject: "\(tarball)")
      while let member = try reader.next() {
        try cancellation.check()
        guard let path = Self.wanted(member.name) else { continue }
        switch member.kind {
        case .regular: try Self.write(path, of: &reader, root.value)
        case .hardLink(let target): try Self.link(path, to: target, root.value)
        default: continue
        }
      }
    }
  }

  /// The path of a member that is needed; nil for others.
  static func wanted(_ name: [UInt8]) -> MirrorPath? {
    let path = MirrorPath(bytes: Array(name.starts(with: "./".utf8) ? name.dropFirst(2) : name[...]))
    guard path.isPlain else { return nil }
    let words = path.components.compactMap(\.text)
    switch words.count {
    case 2...4 where words[0] == "boot": return path
    case 4 where words[..<2] == ["lib", "modules"], 5 where words[..<3] == ["usr", "lib", "modules"]:
      return ["vmlinuz", "vmlinux", "initrd"].contains(words.last) ? path : nil
    default: return ["etc/os-release", "usr/lib/os-release"].contains(path) ? path : nil
    }
  }

  /// Creates a file, instead of one with the same name.
  private static func write(
    _ path: MirrorPath, of reader: inout TarReader, _ root: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let parent = try root.makePath(path.parent)
    try parent.unlink(path.name)
    let file = try parent.createFile(path.name)
    while let block = try reader.nextBlock() {
      try attempt("write", parent.displayed(path.name)) { () throws(Errno) in
        try file.write(block.bytes, at: block.offset)
      }
    }
  }

  /// Copies a file whose second name this is, if it was needed too.
  private static func link(
    _ path: MirrorPath, to target: [UInt8], _ root: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    guard let target = wanted(target), target != path, KernelSearch.size(target, in: root) != nil else {
      return
    }
    let parent = try root.makePath(path.parent)
    var copy = try DurableFile(path.name, in: parent)
    _ = try copy.append(try root.file(target), root.displayed(target))
    _ = try copy.commit(.ofThisProcess(mode: 0o600))
  }
}
