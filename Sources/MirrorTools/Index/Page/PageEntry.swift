import LinuxSystem
import MirrorModel

/// The data of a subarch for its page.
struct PageEntry: Sendable {
  let subarch: Subarch
  let state: PageState
  /// The version on offer; nil without a complete version.
  let newest: Edition?
  /// Other complete versions, newest first.
  let older: [Edition]
  /// Results of builds, oldest first, at most as many as a page shows.
  let history: [BuildRecord]
  /// Existing logs, by failed version.
  let logs: [FileName: [MirrorPath]]
  /// The content of `build-info.json` of the newest version.
  let info: [String: String]
  /// Withdrawn versions and files.
  let withdrawn: [WithdrawnRelease]
  /// Links to the newest tarballs, and `latest.txt`: names that do not change.
  let latest: [MirrorPath]

  /// Its page, relative to the root of the mirror.
  var page: MirrorPath { subarch.path.appending(PageSurvey.fileName) }

  /// Whether it runs on every machine of its architecture, according to its name.
  var isGeneric: Bool { subarch.name.hasPrefix("generic") }
}

/// A complete version and its downloads.
struct Edition: Sendable {
  let version: Version
  /// stage3 first, then by variant; tarballs before other formats.
  let downloads: [Download]

  /// The main download.
  var main: Download? { downloads.first }
}

/// A file on offer, with the data for checking it.
struct Download: Sendable, Hashable {
  /// `stage3`, or the name of the extra.
  let variant: String
  /// `tar.xz`, `qcow2`.
  let format: ArtifactFormat
  let path: MirrorPath
  let bytes: Int64
  /// Lowercase hexadecimal, if known.
  let sha256: String?
  /// The detached signature, if there is one.
  let signature: MirrorPath?
  /// The `.meta4`, if there is one.
  let metalink: MirrorPath?
  /// What it contains and how it was built, as far as there are documents.
  var documents: [SidecarKind: MirrorPath] = [:]

  /// The variant, with the format unless it is a tarball, as most are.
  var title: String { format.isTarball ? variant : "\(variant) (\(format.name))" }
}

/// The state of a subarch, as far as it does not change by time alone.
struct PageState: Sendable, Hashable {
  enum Kind: Sendable, Hashable { case healthy, stale, failing, neverBuilt }

  let kind: Kind
  /// Number of consecutive failed builds.
  let failcount: Int
  let isBuilding: Bool
  /// The machines of a farm that build it.
  let machines: [String]
  /// Whether a farm will build it.
  let isQueued: Bool
  /// Whether it failed too often and was taken out of the rotation.
  let isGivenUp: Bool
  /// Whether the last build failed, even if its failures were cleared.
  let lastFailed: Bool
  /// Whether it is built here.
  let isManaged: Bool
  /// Age in days from which a stage is stale.
  let staleDays: Int

  init(
    _ subarch: Subarch, newest: Version?, history: ArraySlice<BuildRecord>, rotation: RotationSettings,
    farm: [FarmTarget], today: CalendarDate
  ) {
    lastFailed = history.last?.outcome == .fail
    failcount = subarch.control.failcount
    machines = Set(farm.filter(\.isRunning).compactMap(\.machine)).sorted()
    isBuilding = subarch.control.liveLock != nil || farm.contains(where: \.isRunning)
    isQueued = !isBuilding && farm.contains { $0.isQueued || $0.isWaiting }
    isManaged = rotation.isManaged(subarch)
    isGivenUp = isManaged && rotation.hasGivenUp(subarch)
    staleDays = rotation.staleDays
    if failcount > 0 {
      kind = .failing
    } else if let newest {
      kind = today.days(since: newest.date) >= rotation.staleDays ? .stale : .healthy
    } else {
      kind = .neverBuilt
    }
  }

  /// The state in one or two words, each with its own colour.
  var chips: HTML {
    let work = isBuilding ? "building" : isQueued ? "queued" : nil
    return HTML([chip] + (work.map { work in [HTML(.span, .class("chip building")) { work }] } ?? []))
  }

  private var chip: HTML {
    switch kind {
    case .healthy: HTML(.span, .class("chip healthy")) { "healthy" }
    case .stale: HTML(.span, .class("chip stale")) { "stale" }
    case .failing: HTML(.span, .class("chip failing")) { "failing ×\(failcount)" }
    case .neverBuilt: HTML(.span, .class("chip never")) { "never built" }
    }
  }

  /// The state in sentences that remain true.
  var sentence: String {
    var words: [String] = []
    switch kind {
    case .healthy where lastFailed: words.append("The last build failed and will be retried.")
    case .healthy: words.append("The last build succeeded.")
    case .stale:
      words.append("The newest stage is at least \(counted(staleDays, "day", "days")) old.")
      if isManaged && !isBuilding && !isQueued { words.append("A new build is due.") }
    case .failing where failcount == 1: words.append("The last build failed.")
    case .failing: words.append("The last \(failcount) builds failed.")
    case .neverBuilt: words.append("No builds yet.")
    }
    if isGivenUp { words.append("It is out of the rotation until its failures are cleared.") }
    if isBuilding {
      let place = machines.isEmpty ? "" : " on \(machines.joined(separator: ", "))"
      words.append("A build is in progress\(place).")
    }
    if isQueued { words.append("A build is queued.") }
    return words.joined(separator: " ")
  }
}
