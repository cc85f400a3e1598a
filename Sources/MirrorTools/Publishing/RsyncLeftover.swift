import LinuxSystem
import MirrorModel

/// Leftovers of a killed rsync.
enum RsyncLeftover {
  /// Directory for partially transferred files.
  static let directory: FileName = ".~partial~"

  /// Patterns of leftovers in the root, where other hidden entries may be directories of the file system.
  static let inRoot = ["/\(directory)/", "/.*.??????"]

  /// The file that was partially transferred; nil for other paths, and for the directory itself.
  static func file(of path: MirrorPath) -> MirrorPath? {
    if path.parent.name == directory { return path.parent.parent.appending(path.name) }
    guard path.name != directory, isOne(path.components[...]) else { return nil }
    return path.parent.appending(target(of: path.name))
  }

  /// Whether the hidden component of a path is rsync's: its directory, or `.NAME.XXXXXX`.
  static func isOne(_ components: ArraySlice<FileName>) -> Bool {
    guard let hidden = components.first(where: \.isHidden) else { return false }
    if hidden == directory { return true }
    guard hidden == components.last else { return false }
    let parts = hidden.bytes.dropFirst().split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count > 1, let ending = parts.last, ending.count == 6 else { return false }
    // Random characters; a word is the name of somebody's `backup`.
    return ending.allSatisfy(\.isLetterOrDigit) && !ending.allSatisfy { $0 >= UInt8(ascii: "a") }
  }

  /// Whether it is such a component of a tarball or sidecar, which no other program makes.
  static func isOfTarball(_ components: ArraySlice<FileName>, _ kinds: ArtifactKinds) -> Bool {
    guard isOne(components), let hidden = components.first(where: \.isHidden) else { return false }
    let name = target(of: hidden)
    return hidden == directory || kinds.includes(name) || SidecarKind.parse(name, kinds) != nil
  }

  /// `NAME` of `.NAME.XXXXXX`.
  private static func target(of name: FileName) -> FileName {
    FileName(bytes: Array(name.bytes.dropFirst().dropLast(7)))
  }
}

extension UInt8 {
  fileprivate var isLetterOrDigit: Bool {
    (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
  }
}
