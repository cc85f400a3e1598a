package import LinuxSystem

/// A file of a subarch's `.control` directory. Each contains one line.
package enum ControlFile: Hashable, Sendable {
  /// `.failcount`: consecutive failed builds.
  case failcount
  /// `failcount/TARGET`: consecutive failures of an extra or optional variant, which do not count for the
  /// subarch.
  case targetFailcount(FileName)
  /// `version/TARGET`: the last version built of a target, `stage3` or `stage4/openvz`.
  case version(target: MirrorPath)
  /// `strategy/build`: `local` or `remote`.
  case buildStrategy
  /// `strategy/seed`: `stage3` or `stage1`.
  case seedStrategy
  /// `remote/build`, `remote/arch_desc`, `remote/subarch`: the subarch whose stage3 seeds a remote build.
  case remoteBuild, remoteArch, remoteSubarch
  /// `.multi_progress` and `.TARGET_progress`: a process that is building.
  case lock(FileName)
  /// `server`: the build server from which a master receives the subarch.
  case server

  /// The directory with the failure counts of single targets.
  package static let targetFailcounts: FileName = "failcount"

  /// The files with a fixed name.
  private static let named: [(file: ControlFile, path: MirrorPath)] = [
    (.failcount, ".failcount"), (.server, "server"), (.buildStrategy, "strategy/build"),
    (.seedStrategy, "strategy/seed"), (.remoteBuild, "remote/build"), (.remoteArch, "remote/arch_desc"),
    (.remoteSubarch, "remote/subarch"),
  ]

  /// The meaning of a path below `.control`; nil if it has none.
  package init?(_ path: MirrorPath) {
    if let known = Self.named.first(where: { $0.path == path }) {
      self = known.file
      return
    }
    let parts = path.components
    if parts.count == 1, parts[0].isHidden, parts[0].hasSuffix("_progress") {
      self = .lock(parts[0])
      return
    }
    if parts.count == 2, parts[0] == Self.targetFailcounts, !parts[1].isHidden {
      self = .targetFailcount(parts[1])
      return
    }
    guard parts.first == "version", !parts.contains(where: \.isHidden),
      parts.count == 2 || parts.count == 3 && parts[1] == "stage4"
    else { return nil }
    self = .version(target: MirrorPath(joining: parts[1...]))
  }

  /// Its path below `.control`.
  package var path: MirrorPath {
    switch self {
    case .version(let target): MirrorPath("version").joined(target)
    case .targetFailcount(let name): MirrorPath(bytes: Self.targetFailcounts.bytes).appending(name)
    case .lock(let name): MirrorPath(bytes: name.bytes)
    default: Self.named.first { $0.file == self }?.path ?? .root
    }
  }

  /// The word in a file: its first line without surrounding blanks; nil if that is blank.
  package static func word(_ bytes: [UInt8]) -> FileName? {
    let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    let trimmed = line.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
    return trimmed.isEmpty ? nil : FileName(bytes: Array(trimmed))
  }

  /// The contents of a file with this word.
  package static func text(_ word: String) -> [UInt8] { Array("\(word)\n".utf8) }

  /// The failure count in a file; nil if it is not a count.
  package static func failures(_ word: FileName) -> Int? {
    guard let count = Int(word.description), count >= 0 else { return nil }
    return count
  }
}

/// A file in a version's directory with a special meaning.
package enum VersionFile: Hashable, Sendable {
  /// `status`: `ok` if the build succeeded.
  case status
  /// `build-info.json`.
  case buildInfo
  /// `.targets`: the targets of a build in progress, one per line.
  case targets
  /// `failed`: the extras and optional variants that the version lacks because they failed, one per line.
  case failedTargets
  /// `WITHDRAWN`: the version is not offered any more; see ``ReleaseNotice``.
  case withdrawal
  /// `CANDIDATE`: the version is not offered yet; see ``ReleaseNotice``.
  case candidacy
  /// `log/NAME`.
  case log(MirrorPath)

  /// The directory for logs.
  package static let logs: FileName = "log"
  /// The `status` of a build that succeeded, and of one that failed.
  package static let done = "ok"
  package static let failed = "fail"

  /// The meaning of a path below a version; nil if it has none.
  package init?(_ path: MirrorPath) {
    switch path {
    case "status": self = .status
    case "build-info.json": self = .buildInfo
    case ".targets": self = .targets
    case "failed": self = .failedTargets
    case "WITHDRAWN": self = .withdrawal
    case "CANDIDATE": self = .candidacy
    default:
      let parts = path.components
      guard parts.count > 1, parts[0] == Self.logs else { return nil }
      self = .log(MirrorPath(joining: parts[1...]))
    }
  }

  /// Its path below the version's directory.
  package var path: MirrorPath {
    switch self {
    case .status: "status"
    case .buildInfo: "build-info.json"
    case .targets: ".targets"
    case .failedTargets: "failed"
    case .withdrawal: "WITHDRAWN"
    case .candidacy: "CANDIDATE"
    case .log(let file): MirrorPath(bytes: Self.logs.bytes).joined(file)
    }
  }

  /// The names in a file with one target per line.
  package static func names(_ bytes: [UInt8]) -> [FileName] {
    bytes.split(separator: UInt8(ascii: "\n")).compactMap { ControlFile.word(Array($0)) }
  }

  /// Whether a `status` says that the build succeeded.
  package static func isDone(_ status: [UInt8]) -> Bool {
    ControlFile.word(status).map { $0.bytes.elementsEqual(done.utf8) } ?? false
  }
}
