import LinuxSystem
import MirrorModel
import MirrorTools

/// The state of a mirror in Prometheus' text format, for node_exporter's textfile collector.
struct PrometheusText {
  private(set) var text = ""

  /// - Parameter scan: the run's scan of its mirror.
  init(_ run: MirrorRun, _ scan: Mirror) throws(MirrorError) {
    let catalog = try run.knownCatalog()
    // Metrics that need the catalog are left out if it cannot be read.
    let corrupt = try catalog?.corrupt(in: scan).count
    let runs = try catalog?.runs() ?? [:]
    let now = run.environment.now()
    let report = StatusReport(scan, run.configuration.rotation, today: CalendarDate(localDayOf: now))
    let mirror = [("mirror", report.mirror)]
    add(
      "mirrorctl_info", "The program that wrote these metrics.",
      [(mirror + [("version", ToolVersion.text)], 1)])
    func perSubarch(_ name: String, _ help: String, _ value: (SubarchStatus) -> Int64?) {
      let samples = report.subarches.sorted { $0.path < $1.path }.compactMap { subarch in
        value(subarch).map { (mirror + Self.labels(of: subarch), $0) }
      }
      add("mirrorctl_subarch_\(name)", help, samples)
    }
    perSubarch("failcount", "Consecutive failed builds.") { Int64($0.failcount) }
    perSubarch("given_up", "Whether it failed too often and needs zap.") { $0.givenUp ? 1 : 0 }
    perSubarch("failed_targets", "Number of extras and optional variants that failed.") {
      Int64($0.failed.count)
    }
    perSubarch("in_progress", "Whether a build is in progress.") { $0.inProgress ? 1 : 0 }
    perSubarch(
      "newest_stage_timestamp_seconds", "Moment of the newest complete version, or start of its local day."
    ) {
      $0.date?.localStart
    }
    perSubarch("newest_stage_age_seconds", "Time since then, when this was written.") {
      $0.date.map { now &- $0.localStart }
    }
    perSubarch("versions", "Number of version directories.") { Int64($0.versions) }
    perSubarch("bytes", "Size of all tarballs of all versions in bytes.") { $0.bytes }
    perSubarch("undigested_tarballs", "Number of compressed tarballs without a hash.txt.") {
      Int64($0.digestsMissing)
    }
    func perSnapshot(_ name: String, _ help: String, _ value: (SnapshotStatus) -> Int64) {
      add(
        "mirrorctl_snapshot_\(name)", help,
        report.snapshots.map { snapshot in
          (mirror + [("build", snapshot.build.jsonText), ("snapshot", snapshot.name)], value(snapshot))
        })
    }
    perSnapshot("newest_timestamp_seconds", "Moment of the newest snapshot, or start of its local day.") {
      $0.date.localStart
    }
    perSnapshot("newest_age_seconds", "Time since then, when this was written.") {
      now &- $0.date.localStart
    }
    perSnapshot("tarballs", "Number of snapshots.") { Int64($0.snapshots) }
    perSnapshot("bytes", "Size of all snapshots in bytes.") { $0.bytes }
    perSnapshot("undigested_tarballs", "Number of compressed snapshots without a hash.txt.") {
      Int64($0.digestsMissing)
    }
    addFarm(run.environment.farm(), mirror)
    add(
      "mirrorctl_corrupt_tarballs", "Number of tarballs whose content does not match their digests.",
      corrupt.map { [(mirror, Int64($0))] } ?? [])
    add(
      "mirrorctl_scan_problems", "Number of problems found while reading the mirror.",
      [(mirror, Int64(scan.problems.count))])
    if let key = Self.key(run), let end = key.signsUntil {
      add(
        "mirrorctl_key_expires_seconds",
        "Time when the signing key, or its signing subkey, expires, in seconds since 1970.",
        [(mirror + [("key", "\(key.fingerprint)")], end)])
    }
    addRuns("run", "verb", mirror, runs.filter { PublishDestination.name(ofRun: $0.key) == nil })
    let published = runs.compactMap { entry in
      PublishDestination.name(ofRun: entry.key).map { ($0, entry.value) }
    }
    // Former destinations are left out.
    let destinations = Set(run.configuration.publishing.map(\.name))
    addRuns(
      "publish", "destination", mirror,
      Dictionary(published) { $1 }.filter { destinations.contains($0.key) })
  }

  /// The signing key as listed by gpg; nil if there is none or gpg fails.
  private static func key(_ run: MirrorRun) -> SigningKey? {
    run.configuration.signing.flatMap {
      try? PublicKeyFile.listed($0, cancellation: run.environment.cancellation)
    }
  }

  private static func labels(of subarch: SubarchStatus) -> [(String, String)] {
    [
      ("build", subarch.build.jsonText), ("arch", subarch.arch.jsonText),
      ("subarch", subarch.subarch.jsonText),
    ]
  }

  /// Adds the targets of campaigns that are not finished.
  private mutating func addFarm(_ targets: [FarmTarget], _ mirror: [(String, String)]) {
    let states = Dictionary(grouping: targets) { target in
      [target.state, target.isRunning ? target.machine ?? "" : ""]
    }
    add(
      "mirrorctl_farm_targets", "Number of targets of unfinished campaigns, by state and machine.",
      states.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, targets in
        (mirror + [("state", key[0]), ("machine", key[1])], Int64(targets.count))
      })
    add(
      "mirrorctl_farm_cut_jobs", "Number of their jobs that ended without a result, by cause.",
      targets.cuts.map { (mirror + [("cause", $0.cause)], Int64($0.count)) })
  }

  /// Adds the times and exit statuses of the last runs, by verb or destination.
  private mutating func addRuns(
    _ name: String, _ label: String, _ mirror: [(String, String)], _ runs: [String: RunRecord]
  ) {
    func each(_ metric: String, _ help: String, _ value: (RunRecord) -> Int64?) {
      let samples = runs.sorted { $0.key < $1.key }.compactMap { key, run in
        value(run).map { (mirror + [(label, key)], $0) }
      }
      add("mirrorctl_\(name)_\(metric)", help, samples)
    }
    each("timestamp_seconds", "Time of the last run per \(label).") { $0.at }
    each("success_timestamp_seconds", "Time of the last run with exit status 0 per \(label).") {
      $0.succeeded
    }
    each("exit_status", "Exit status of the last run per \(label).") { Int64($0.status) }
  }

  private mutating func add(_ name: String, _ help: String, _ samples: [([(String, String)], Int64)]) {
    guard !samples.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
    for (labels, value) in samples {
      let list = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
      text += "\(name){\(list)} \(value)\n"
    }
  }

  private static func escaped(_ value: String) -> String {
    value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
