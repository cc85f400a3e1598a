import LinuxSystem
import MirrorModel

/// All that pages tell of a subarch.
struct PageEntry: Sendable {
  let subarch: Subarch
  let state: PageState
  /// What is offered first; nil where nothing complete lies.
  let newest: Edition?
  /// Complete versions that lie here too, newest first.
  let older: [Edition]
  /// How builds ended, oldest first, no more than a page shows.
  let history: [BuildRecord]
  /// Logs that lie here, by failed version.
  let logs: [FileName: [MirrorPath]]
  /// What `build-info.json` says of the newest version.
  let info: [String: String]
  /// Links to what is newest and `latest.txt`: names that stay the same.
  let latest: [MirrorPath]

  /// Its page, relative to the mirror's root.
  var page: MirrorPath { subarch.path.appending(PageSurvey.fileName) }

  /// Whether it runs on every machine of its architecture, as Metro's names have it.
  var isGeneric: Bool { subarch.name.hasPrefix("generic") }
}

/// A complete version and what it offers.
struct Edition: Sendable {
  let version: Version
  /// stage3 first, then by variant.
  let downloads: [Download]

  /// What is offered first.
  var main: Download? { downloads.first }
}

/// A tarball that is offered, and what helps to get it whole.
struct Download: Sendable, Hashable {
  /// `stage3`, or the extra's name.
  let variant: String
  let path: MirrorPath
  let bytes: Int64
  /// Lowercase hexadecimal, if known.
  let sha256: String?
  /// The detached signature, if there is one.
  let signature: MirrorPath?
  /// The `.meta4`, if there is one.
  let metalink: MirrorPath?
}

/// How a subarch stands, as far as it stays true until something happens.
struct PageState: Sendable, Hashable {
  enum Kind: Sendable, Hashable { case healthy, stale, failing, neverBuilt }

  let kind: Kind
  /// Consecutive failed builds.
  let failcount: Int
  let isBuilding: Bool
  /// Whether the rotation has left it out since it failed too often.
  let isGivenUp: Bool
  /// Whether the last build failed, be it forgiven or not.
  let lastFailed: Bool
  /// Days after which a stage counts as stale.
  let staleDays: Int

  init(
    _ subarch: Subarch, newest: Version?, history: ArraySlice<BuildRecord>, rotation: RotationSettings,
    today: CalendarDate
  ) {
    lastFailed = history.last?.outcome == .fail
    failcount = subarch.control.failcount
    isBuilding = subarch.control.liveLock != nil
    isGivenUp = rotation.isManaged(subarch) && rotation.hasGivenUp(subarch)
    staleDays = rotation.staleDays
    if failcount > 0 {
      kind = .failing
    } else if let newest {
      kind = today.days(since: newest.date) >= rotation.staleDays ? .stale : .healthy
    } else {
      kind = .neverBuilt
    }
  }

  /// A word or two, in a colour of its own.
  var chips: HTML {
    HTML([chip] + (isBuilding ? [HTML(.span, .class("chip building")) { "building" }] : []))
  }

  private var chip: HTML {
    switch kind {
    case .healthy: HTML(.span, .class("chip healthy")) { "healthy" }
    case .stale: HTML(.span, .class("chip stale")) { "stale" }
    case .failing: HTML(.span, .class("chip failing")) { "failing ×\(failcount)" }
    case .neverBuilt: HTML(.span, .class("chip never")) { "never built" }
    }
  }

  /// The same in sentences that stay true.
  var sentence: String {
    var words: [String] = []
    switch kind {
    case .healthy where lastFailed: words.append("The last build failed and will be tried again.")
    case .healthy: words.append("The last build ended well.")
    case .stale:
      let days = counted(staleDays, "day", "days")
      words.append("The newest stage is \(days) old or older: a new build is due.")
    case .failing where failcount == 1: words.append("The last build failed.")
    case .failing: words.append("The last \(failcount) builds failed.")
    case .neverBuilt: words.append("Nothing has been built yet.")
    }
    if isGivenUp { words.append("It is out of the rotation until somebody has looked at it.") }
    if isBuilding { words.append("A build is in progress.") }
    return words.joined(separator: " ")
  }
}
