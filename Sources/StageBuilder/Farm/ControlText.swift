package import LinuxSystem
import MirrorModel

/// A file of `.control` from which builds find their seeds.
package struct ControlText: Hashable, Codable, Sendable {
  /// Relative to the root of the mirror.
  let path: MirrorPath
  let text: String

  /// Those of a subarch.
  static func all(
    of subarch: MirrorPath, in root: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [ControlText] {
    var found: [ControlText] = []
    var waiting = [subarch.appending(ControlDirectory.name)]
    while let path = waiting.popLast() {
      guard try root.status(at: path)?.kind == .directory else { continue }
      for entry in try root.directory(path).entries() {
        let inner = path.appending(entry.name)
        if entry.kind == .directory, inner.components.count <= subarch.components.count + 3 {
          waiting.append(inner)
        } else if entry.kind == .regular, isCopied(inner),
          let text = try root.contents(of: inner, limit: 4096)
        {
          found.append(ControlText(path: inner, text: String(decoding: text, as: UTF8.self)))
        }
      }
    }
    return found.sorted { $0.path < $1.path }
  }

  /// Makes the state of subarches in a mirror that of another one, and forgets what failed.
  package static func replace(
    _ texts: [ControlText], in root: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    for subarch in Set(texts.compactMap(\.path.subarch)) {
      let own = try root.makePath(subarch.appending(ControlDirectory.name))
      try own.unlink(ControlFile.failcount.path.name)
      if try own.status(of: ControlFile.targetFailcounts) != nil {
        let directory = try own.directory(ControlFile.targetFailcounts)
        for entry in try directory.entries() where entry.kind == .regular { try directory.unlink(entry.name) }
      }
      for old in try all(of: subarch, in: root) where !texts.contains(where: { $0.path == old.path }) {
        try root.directory(old.path.parent).unlink(old.path.name)
      }
    }
    for text in texts {
      guard isCopied(text.path) else {
        throw MirrorError(.invalid, "\(text.path)", "is not a file of .control", remedy: "check the master")
      }
      let directory = try root.makePath(text.path.parent)
      try DurableFile.write(
        Array(text.text.utf8), to: text.path.name, in: directory, try directory.fileOwnership())
    }
  }

  /// Whether a build of this subarch, or of a target that does not count for it, failed in this mirror.
  package static func hasFailure(
    _ subarch: MirrorPath, target: String, in root: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Bool {
    for file in [ControlFile.failcount, .targetFailcount(FileName(target))]
    where try root.status(at: subarch.control(file)) != nil {
      return true
    }
    return false
  }

  private static func isCopied(_ path: MirrorPath) -> Bool {
    switch path.place.controlFile {
    case .version, .buildStrategy, .seedStrategy, .remoteBuild, .remoteArch, .remoteSubarch: true
    case .failcount, .targetFailcount, .lock, .server, nil: false
    }
  }
}
