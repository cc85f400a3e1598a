import LinuxSystem
import MirrorModel
import MirrorTools
import StageTrees
import SystemPackage

/// Runs a check in the files of a stage, confined like the steps of a build and without a network.
struct TreeTrial {
  let settings: TrialSettings
  let sandbox: Sandbox
  let threads: Int
  let cancellation: Cancellation
  let progress: RunProgress

  /// Seconds.
  private static let usualLimit = 600
  /// Number of lines of its output that are kept.
  private static let most = 20

  /// Unpacks a stage, and runs the check in it.
  ///
  /// - Parameters:
  ///   - source: a tarball or a directory, which is copied.
  ///   - subject: its name in messages.
  ///   - work: where it is unpacked.
  ///   - output: receives what the check prints.
  func run(
    _ source: FilePath, in work: borrowing WorkDirectory, _ output: borrowing Descriptor
  ) throws(MirrorError) -> TrialReport.Trial {
    let confinement = try sandbox.confinement(in: work.path)
    let path = work.path.appending(".test")
    try unpack(source, into: try StageTarget.makeRoot(path, in: work, confinement), work, confinement)
    let machine = try ForeignArchitecture.shell(of: path)?.machine
    let means = try ForeignArchitecture().means(forRoot: path)
    let architecture = machine.flatMap { Architecture($0) }
    var plan = SandboxPlan(
      root: path.string, isShifted: confinement == .shifted, network: .none, hostName: "mirrorctl",
      emulators: means.emulators, script: .init(name: "test", text: settings.script ?? BuiltInCheck.script),
      environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C"])
    plan.environment["MIRRORCTL_EMULATED"] = means == .native ? nil : "yes"
    let host = ForeignArchitecture.hostMachine.flatMap { Architecture($0) }
    if let architecture, host?.companions.contains(architecture) == true { plan.personality = .linux32 }
    let start = ContinuousClock.now
    let limit = settings.limit ?? Self.usualLimit
    let end = try sandbox.run(plan, output: output, limit: limit, cancellation: cancellation)
    try cancellation.check()
    let check = settings.script == nil ? "the built-in check" : "the script"
    var trial = TrialReport.Trial(
      "ran \(check)\(means == .native ? "" : " under an emulator")", architecture, start)
    guard end != .exited(0) else { return trial }
    trial.problem = end == .late ? "it did not end within \(limit) s" : "it \(end.text)"
    trial.output = Self.end(of: output)
    return trial
  }

  private func unpack(
    _ source: FilePath, into root: borrowing AnchoredDirectory, _ work: borrowing WorkDirectory,
    _ confinement: Confinement
  ) throws(MirrorError) {
    // The check gets devices of its own.
    let options = TreeUnpacker.Options(
      excluded: ["dev"], threads: threads, canMakeDevices: false, idShift: confinement.idShift)
    let status = try attempt("examine", "\(source)") { () throws(Errno) in try source.status() }
    let name = source.lastComponent?.string ?? ""
    progress.begin("unpacking \(name)", bytes: status.kind == .directory ? 0 : status.size, files: 0)
    defer { progress.end() }
    let copy = StageCopy(
      options: options, epoch: SystemClock.seconds, cancellation: cancellation, progress: progress)
    _ = try copy.run(source, into: root, by: try work.opened())
  }

  /// The last lines of what it printed.
  private static func end(of output: borrowing Descriptor) -> [String] {
    let size = (try? output.status().size) ?? 0
    let bytes = (try? output.bytes(from: max(0, size - 1 << 14), count: 1 << 14)) ?? []
    var lines = LogLines()
    let all = bytes.withUnsafeBytes { lines.add($0) } + lines.end()
    return all.suffix(most)
  }
}
