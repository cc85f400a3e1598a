import MirrorModel
import LinuxSystem
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
    let root = anchor.value.root
    let link = records == nil ? "path/mirror/link" : "path/mirror/target/link"
    if let link = try settings.mirrorPath(link, in: root) { try place(link, to: tarball, log: log) }
    let enabled = try settings.words("path/mirror/target/auxlink/enable")
    if let target = settings.target, enabled.contains(target),
      let link = try settings.mirrorPath("path/mirror/target/auxlink", in: root)
    {
      try place(link, to: tarball, log: log)
    }
    guard let records, let name = try settings.text("target/control/version") else { return }
    guard name.split(separator: "/").allSatisfy({ !$0.hasPrefix(".") }) else {
      throw MirrorError(
        .invalid, "target/control/version", "`\(name)` is not a path below .control/version",
        remedy: "use a path such as stage3 or stage4/openvz")
    }
    try records.write(version: MirrorPath(name))
    if name == "stage3", try records.switchToLocal() {
      log.note("\(settings.target ?? ""): the next build uses this stage3 as its seed")
    }
  }

  /// Points a link at the tarball, with a target relative to the link.
  private func place(_ link: MirrorPath, to tarball: MirrorPath, log: borrowing BuildLog) throws(MirrorError)
  {
    let directory = try anchor.value.makePath(link.parent)
    let name = Self.name(link.name, following: tarball.name)
    if let there = try directory.status(of: name), there.kind != .link {
      throw MirrorError(
        .invalid, directory.displayed(name), "is not a link, so it cannot point to the latest tarball",
        remedy: "move it away")
    }
    let target = Self.relative(tarball, from: link.parent)
    let ownership = try directory.fileOwnership()
    try directory.replaceLink(name, to: target.bytes, ownership)
    // A link's digests and signatures are links to those of its target.
    let beside = try anchor.value.directory(tarball.parent)
    for kind in SidecarKind.allCases {
      let sidecar = name.appending(kind.rawValue)
      if try beside.status(of: tarball.name.appending(kind.rawValue)) != nil {
        try directory.replaceLink(sidecar, to: target.bytes + Array(kind.rawValue.utf8), ownership)
      } else if try directory.status(of: sidecar)?.kind == .link {
        try directory.unlink(sidecar)
      }
    }
    try directory.sync()
    log.note("\(link.parent.appending(name)) -> \(target)")
  }

  /// The link's name with the tarball's extension: what is not compressed yet is not called `.tar.xz`.
  private static func name(_ link: FileName, following tarball: FileName) -> FileName {
    guard let own = TarballName(link), let other = TarballName(tarball) else { return link }
    return own.stem.appending(other.suffix)
  }

  private static func relative(_ path: MirrorPath, from directory: MirrorPath) -> MirrorPath {
    let (path, directory) = (path.components, directory.components)
    let shared = zip(path, directory).prefix { $0 == $1 }.count
    let up = Array(repeating: FileName(".."), count: directory.count - shared)
    return (up + path[shared...]).reduce(MirrorPath("")) { $0.appending($1) }
  }
}
