import LinuxSystem
import MirrorModel

/// Leftovers of a killed rsync.
enum RsyncLeftover {
  /// Directory for partially transferred files.
  static let directory: FileName = ".~partial~"

  /// The file that was partially transferred; nil for other paths, and for the directory itself.
  static func file(of path: MirrorPath) -> MirrorPath? {
    if path.parent.name == directory { return path.parent.parent.appending(path.name) }
    guard path.name != directory, isOne(path.components[...]) else { return nil }
    return path.parent.appending(FileName(bytes: Array(path.name.bytes.dropFirst().dropLast(7))))
  }

  /// Whether the hidden component of a path is rsync's: its directory, or `.NAME.XXXXXX`.
  static func isOne(_ components: ArraySlice<FileName>) -> Bool {
    guard let hidden = components.first(where: \.isHidden) else { return false }
    if hidden == directory { return true }
    guard hidden == components.last else { return false }
    let parts = hidden.bytes.dropFirst().split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count > 2, let ending = parts.last, ending.count == 6 else { return false }
    let name = FileName(bytes: Array(hidden.bytes.dropFirst().dropLast(7)))
    return ending.allSatisfy(\.isLetterOrDigit)
      && (TarballName(name) != nil || SidecarKind.parse(name) != nil)
  }
}

extension UInt8 {
  fileprivate var isLetterOrDigit: Bool {
    (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
  }
}
