import MirrorModel
import LinuxSystem

/// `.mirrorctl.rebuild` at the root of a mirror that `rebuild` is making: where its files come from, and what is
/// done.
///
/// While it exists, no other verb works on the mirror: `publish` would delete at the destination what is not
/// there yet.
struct RebuildMark: Hashable, Sendable {
  /// At the root of the mirror; hidden, so that it is never published.
  static let fileName: FileName = ".mirrorctl.rebuild"
  /// The directory with files that are not in place yet.
  static let staging: FileName = ".mirrorctl-rebuild"
  private static let title = "mirrorctl rebuild"

  /// What is done.
  enum Phase: String {
    /// Files are fetched and checked in the staging directory.
    case fetching
    /// Everything there is checked and is moved into place.
    case placing
  }

  let source: String
  var phase: Phase

  init(source: String, phase: Phase) {
    self.source = source
    self.phase = phase
  }

  /// The mark in a mirror; nil if there is none.
  init?(in root: borrowing AnchoredDirectory) throws(MirrorError) {
    guard let bytes = try root.contents(of: MirrorPath(bytes: Self.fileName.bytes), limit: 1 << 16) else {
      return nil
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    guard lines.count == 3, lines[0] == Self.title, let phase = Phase(rawValue: lines[1]) else {
      throw MirrorError(
        .refused, root.displayed(Self.fileName), "is not a mark of this version of mirrorctl",
        remedy: "remove it if the mirror is complete")
    }
    self.init(source: lines[2], phase: phase)
  }

  /// Writes it durably.
  func write(to root: borrowing AnchoredDirectory) throws(MirrorError) {
    try DurableFile.write(
      Array("\(Self.title)\n\(phase.rawValue)\n\(source)\n".utf8), to: Self.fileName, in: root,
      .ofThisProcess(mode: 0o600))
  }

  /// Refuses a mirror that is being rebuilt.
  ///
  /// - Throws: code `refused`.
  static func check(_ root: borrowing AnchoredDirectory) throws(MirrorError) {
    guard let mark = try RebuildMark(in: root) else { return }
    throw MirrorError(
      .refused, "\(root.root)", "is not complete: a rebuild from \(mark.source) was interrupted",
      remedy: "\(run: .rebuild(mark.source))")
  }
}
