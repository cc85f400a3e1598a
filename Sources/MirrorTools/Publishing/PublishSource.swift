import MirrorModel
import LinuxSystem
import SystemPackage

/// The mirror as rsync reads it.
///
/// The owner of a directory in the mirror can replace it by a link while rsync runs. If root runs rsync, the
/// kernel therefore follows no link in the mirror for it.
struct PublishSource: Sendable {
  /// The mirror's root, as files of it are named.
  private let root: FilePath
  /// The same without links.
  private let canonical: FilePath
  /// nil for ordinary users, who can send only what they can read.
  private let guarded: LinkGuard?

  init(_ root: FilePath) {
    self.root = root
    canonical = root.canonical
    guarded = Account.isRoot ? LinkGuard(canonical) : nil
  }

  /// Runs a function that starts rsync.
  func run<Value: Sendable>(
    _ body: @escaping @Sendable () throws(MirrorError) -> Value
  ) throws(MirrorError) -> Value {
    guard let guarded else { return try body() }
    return try guarded.run(body)
  }

  /// The path by which rsync finds a directory; those outside of the mirror are unchanged.
  func path(_ directory: FilePath) -> FilePath {
    var rest = directory
    guard guarded != nil, rest.removePrefix(root) else { return directory }
    return rest.isEmpty ? canonical : canonical.pushing(rest)
  }

  /// A warning if others could lead rsync out of the mirror.
  func warning(_ mirror: Mirror, _ subject: String) -> MirrorError? {
    guard let guarded, let fault = guarded.fault, let place = foreign(mirror, guarded) else { return nil }
    return MirrorError(
      .system(fault), subject,
      "rsync runs as root and follows links in \(place), which others can change: \(fault)",
      remedy: "publish as the mirror's owner, or use Linux 5.14 with CAP_SYS_ADMIN")
  }

  /// A directory of the mirror that is not only root's.
  private func foreign(_ mirror: Mirror, _ guarded: LinkGuard) -> String? {
    if !guarded.isOnlyRoots { return "\(root)" }
    guard let anchor = try? AnchoredDirectory(root: root) else { return nil }
    for path in mirror.folders.map(\.path) {
      if let status = try? anchor.directory(path).status(), !LinkGuard.isOnlyRoots(status) {
        return anchor.displayed(path)
      }
    }
    return nil
  }
}
