public import LinuxSystem
import MirrorModel

/// A withdrawn version, artifact or snapshot in the index.
public struct WithdrawnRelease: Codable, Sendable, Hashable {
  /// The release; begins with `/`, relative to the mirror.
  public let path: MirrorPath
  /// Its notice.
  public let notice: MirrorPath
  /// Why it was withdrawn.
  public let reason: String?
  /// The day when it was withdrawn (UTC).
  public let date: String?
  /// What to use instead.
  public let useInstead: MirrorPath?

  private init(_ path: MirrorPath, _ notice: MirrorPath, _ anchor: borrowing AnchoredDirectory) {
    let text = ReleaseNotice.read(notice, in: anchor)
    (self.path, self.notice) = (path.rooted, notice.rooted)
    (reason, date, useInstead) = (text.reason, text.date, text.replacement?.rooted)
  }

  /// All of a mirror, except those in builds to omit, in path order.
  static func all(
    in mirror: Mirror, ignoring: Set<FileName>
  ) throws(MirrorError) -> [WithdrawnRelease] {
    let anchor = try AnchoredDirectory(root: mirror.root)
    var found: [WithdrawnRelease] = []
    for build in mirror.builds where !ignoring.contains(build.name) {
      let versions = build.arches.flatMap(\.subarches).flatMap(\.versions)
      for version in versions where version.isWithdrawn {
        found.append(WithdrawnRelease(version.path, version.path.file(.withdrawal), anchor))
      }
      let whole = versions.filter { !$0.isWithdrawn && !$0.isCandidate }.map(\.folder)
      for folder in whole + (build.snapshots.map { [$0] } ?? []) {
        for sidecar in folder.sidecars where sidecar.kind == .withdrawal {
          found.append(
            WithdrawnRelease(
              folder.path.appending(sidecar.tarball), folder.path.appending(sidecar.name), anchor))
        }
      }
    }
    return found.sorted { $0.path < $1.path }
  }
}
