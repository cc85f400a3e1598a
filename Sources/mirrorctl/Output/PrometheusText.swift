import LinuxSystem
import MirrorModel
import MirrorTools

/// How a mirror stands, in the text format of Prometheus, for node_exporter's textfile collector.
struct PrometheusText {
  private(set) var text = ""

  /// - Parameter scan: the mirror of the run.
  init(_ run: MirrorRun, _ scan: Mirror) throws(MirrorError) {
    let catalog = try run.knownCatalog()
    // What the catalog alone knows is left out where it cannot be read.
    let corrupt = try catalog?.corrupt(in: scan).count
    let runs = try catalog?.runs() ?? [:]
    let now = run.environment.now()
    let report = StatusReport(scan, run.configuration.rotation, today: CalendarDate(localDayOf: now))
    let mirror = [("mirror", report.mirror)]
    add("mirrorctl_info", "The program that wrote this.", [(mirror + [("version", Mirrorctl.version)], 1)])
    func perSubarch(_ name: String, _ help: String, _ value: (SubarchStatus) -> Int64?) {
      let samples = report.subarches.sorted { $0.path < $1.path }.compactMap { subarch in
        value(subarch).map { (mirror + Self.labels(of: subarch), $0) }
      }
      add("mirrorctl_subarch_\(name)", help, samples)
    }
    perSubarch("failcount", "Consecutive failed builds.") { Int64($0.failcount) }
    perSubarch("given_up", "Whether it failed too often and waits for zap.") { $0.givenUp ? 1 : 0 }
    perSubarch("in_progress", "Whether something is being built.") { $0.inProgress ? 1 : 0 }
    perSubarch("newest_stage_timestamp_seconds", "The local day of the newest complete version.") {
      $0.date?.localStart
    }
    perSubarch("newest_stage_age_seconds", "Time since that day began, when this was written.") {
      $0.date.map { now &- $0.localStart }
    }
    perSubarch("versions", "Version directories.") { Int64($0.versions) }
    perSubarch("bytes", "Bytes of the tarballs of all versions.") { $0.bytes }
    perSubarch("undigested_tarballs", "Compressed tarballs without a hash.txt.") { Int64($0.digestsMissing) }
    func perSnapshot(_ name: String, _ help: String, _ value: (SnapshotStatus) -> Int64) {
      add(
        "mirrorctl_snapshot_\(name)", help,
        report.snapshots.map { snapshot in
          (mirror + [("build", snapshot.build.jsonText), ("snapshot", snapshot.name)], value(snapshot))
        })
    }
    perSnapshot("newest_timestamp_seconds", "The local day of the newest snapshot.") { $0.date.localStart }
    perSnapshot("newest_age_seconds", "Time since that day began, when this was written.") {
      now &- $0.date.localStart
    }
    perSnapshot("tarballs", "Snapshots that are there.") { Int64($0.snapshots) }
    perSnapshot("bytes", "Bytes of all of them.") { $0.bytes }
    perSnapshot("undigested_tarballs", "Compressed snapshots without a hash.txt.") {
      Int64($0.digestsMissing)
    }
    add(
      "mirrorctl_corrupt_tarballs", "Tarballs whose content is not what was digested.",
      corrupt.map { [(mirror, Int64($0))] } ?? [])
    add("mirrorctl_scan_problems", "What could not be read.", [(mirror, Int64(scan.problems.count))])
    if let key = Self.key(run), let end = key.signsUntil {
      add(
        "mirrorctl_key_expires_seconds",
        "When the signing key, or its signing subkey, expires, in seconds since 1970.",
        [(mirror + [("key", "\(key.fingerprint)")], end)])
    }
    addRuns("run", "verb", mirror, runs.filter { PublishDestination.name(ofRun: $0.key) == nil })
    let published = runs.compactMap { entry in
      PublishDestination.name(ofRun: entry.key).map { ($0, entry.value) }
    }
    // Those that were once destinations are left out.
    let destinations = Set(run.configuration.publishing.map(\.name))
    addRuns(
      "publish", "destination", mirror,
      Dictionary(published) { $1 }.filter { destinations.contains($0.key) })
  }

  /// The key that signs, as gpg knows it; nil where there is none, or gpg does not tell.
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

  /// When something last ended and how, by what it is.
  private mutating func addRuns(
    _ name: String, _ label: String, _ mirror: [(String, String)], _ runs: [String: RunRecord]
  ) {
    func each(_ metric: String, _ help: String, _ value: (RunRecord) -> Int64?) {
      let samples = runs.sorted { $0.key < $1.key }.compactMap { key, run in
        value(run).map { (mirror + [(label, key)], $0) }
      }
      add("mirrorctl_\(name)_\(metric)", help, samples)
    }
    each("timestamp_seconds", "When a \(label) was last done.") { $0.at }
    each("success_timestamp_seconds", "When a \(label) was last done with exit status 0.") { $0.succeeded }
    each("exit_status", "The exit status of the last time that a \(label) was done.") { Int64($0.status) }
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
