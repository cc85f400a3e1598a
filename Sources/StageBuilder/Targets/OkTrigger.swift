import MirrorModel
import LinuxSystem
import MirrorTools
import SystemPackage

/// The follow-up of a finished tarball: updates links to the latest, and `.control`.
///
/// It also runs when the target already exists, since an earlier build may have died before it.
struct OkTrigger {
  let settings: BuildSettings
  let anchor: Shared<AnchoredDirectory>
  /// nil for a snapshot.
  let records: VersionRecords?

  /// - Parameter tarball: the finished file; it is durable.
  func run(_ tarball: MirrorPath, log: borrowing BuildLog) throws {
    if let records, try records.isCandidate() {
      try records.remember(try links(), to: tarball, as: try record())
      log.note("\(subject): a candidate: links and .control/version follow when it is promoted")
      return
    }
    for link in try links() { try place(link, to: tarball, log: log) }
    guard let records, let name = try record() else { return }
    if let newer = try records.newer(than: name) {
      log.note("\(subject): .control/version/\(name) is kept: \(newer) is newer")
      return
    }
    try records.write(version: name)
    if name == "stage3", try records.switchToLocal() {
      log.note("\(subject): the next build uses this stage3 as its seed")
    }
  }

  private var subject: String { settings.target ?? "" }

  /// The links to the newest tarball: `path/mirror/link` of a snapshot; those in `path/mirror/target` of a
  /// stage.
  func links() throws -> [MirrorPath] {
    let root = anchor.value.root
    var keys = [records == nil ? "path/mirror/link" : "path/mirror/target/link"]
    let enabled = try settings.words("path/mirror/target/auxlink/enable")
    if let target = settings.target, enabled.contains(target) { keys.append("path/mirror/target/auxlink") }
    return try keys.compactMap { try settings.mirrorPath($0, in: root) }
  }

  /// The file below `.control/version` that records a stage; nil if it is not recorded.
  func record() throws -> MirrorPath? {
    guard records != nil, let name = try settings.text("target/control/version") else { return nil }
    guard name.split(separator: "/").allSatisfy({ !$0.hasPrefix(".") }), MirrorPath(name).components != []
    else {
      throw MirrorError(
        .invalid, "target/control/version", "`\(name)` is not a path below .control/version",
        remedy: "use a path such as stage3 or stage4/openvz")
    }
    return MirrorPath(name)
  }

  /// Points a link at the tarball, with a target relative to the link.
  private func place(_ link: MirrorPath, to tarball: MirrorPath, log: borrowing BuildLog) throws(MirrorError)
  {
    let directory = try anchor.value.makePath(link.parent)
    let name = LatestLink(link, .builtIn).path(following: tarball).name
    if let there = try directory.status(of: name), there.kind != .link {
      throw MirrorError(
        .invalid, directory.displayed(name), "is not a link, so it cannot point to the latest tarball",
        remedy: "move it away")
    }
    if let newer = try newer(than: tarball, at: link) {
      log.note("\(subject): \(link.parent.appending(name)) is not moved: \(newer) is newer")
      return
    }
    let moved = try LatestLink(link, .builtIn).point(to: tarball, in: anchor.value)
    log.note("\(moved) -> \(LatestLink.text(to: tarball, from: link.parent))")
  }

  /// What an existing link of this name leads to, if it is of a later date; its format does not matter.
  private func newer(than tarball: MirrorPath, at link: MirrorPath) throws(MirrorError) -> MirrorPath? {
    guard let date = Self.date(of: tarball), let name = TarballName(link.name, .builtIn) else { return nil }
    let directory = try anchor.value.directory(link.parent)
    for other in name.alternatives {
      guard try directory.status(of: other)?.kind == .link,
        let there = Link.destination(
          of: try directory.linkText(of: other), in: link.parent, roots: [Array("\(anchor.value.root)".utf8)]),
        let its = Self.date(of: there), its > date,
        // A newer tarball that is gone holds nothing.
        !directory.linkIsDead(other)
      else { continue }
      return there
    }
    return nil
  }

  /// The date of a stage's version, or of a snapshot; nil if the path has none.
  private static func date(of tarball: MirrorPath) -> VersionDate? {
    tarball.components.dropLast().lazy.compactMap { VersionDate($0.bytes) }.last
      ?? TarballName(tarball.name, .builtIn)?.snapshotParts?.date
  }
}
