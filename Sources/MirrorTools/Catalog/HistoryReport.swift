public import MirrorModel
public import LinuxSystem

/// The last builds of every existing subarch.
public struct HistoryReport: MirrorReport, Codable, Sendable {
  /// The builds of one subarch.
  public struct Entry: Codable, Sendable {
    /// Relative to the root of the mirror.
    public let path: MirrorPath
    /// Newest first.
    public let builds: [BuildRecord]
  }

  /// Root of the mirror.
  public let mirror: String
  /// In path order.
  public let subarches: [Entry]

  /// - Parameters:
  ///   - known: the builds in the catalog; versions missing in it are added.
  ///   - last: maximum number of builds per subarch.
  ///   - now: seconds since the epoch.
  public init(_ mirror: Mirror, known: [MirrorPath: [BuildRecord]], last: Int, now: Int64) {
    self.mirror = "\(mirror.root)"
    subarches = mirror.subarches.map { subarch in
      let known = known[subarch.path] ?? []
      let builds = (known + BuildRecord.fresh(of: subarch, known: known, now: now)).sorted {
        $1.isEarlier(than: $0)
      }
      return Entry(path: subarch.path, builds: Array(builds.prefix(last)))
    }
  }

  /// One line per subarch, followed by one line per build.
  public var lines: [ReportLine] {
    subarches.flatMap { entry in
      [displayed(entry.path)] + (entry.builds.isEmpty ? ["  never built"] : entry.builds.map(line))
    }.asEssentialLines
  }

  private func line(of build: BuildRecord) -> String {
    var words = ["  \(build.version)", build.outcome == .ok ? "ok  " : "fail"]
    words += [build.bytes.map(humanBytes), build.seconds.map(humanSeconds)].compactMap(\.self)
    let target = build.target.map { build.outcome == .fail ? "\($0):" : "\($0) failed:" }
    words += [target, build.error, build.log.map { "(\(displayed($0)))" }].compactMap(\.self)
    return words.joined(separator: " ")
  }
}
