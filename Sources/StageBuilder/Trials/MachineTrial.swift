import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// Boots an image in virtual machines.
struct MachineTrial {
  private let settings: TrialSettings
  private let target: QemuTarget
  /// nil for a BIOS.
  private let firmware: [UEFIFirmware?]
  private let isAccelerated: Bool

  /// Seconds; programs run much slower without KVM.
  private static let usualLimit = (accelerated: 300, emulated: 1800)

  /// - Throws: if a program or firmware is missing, or the image does not exist for such machines.
  init(_ settings: TrialSettings) throws(MirrorError) {
    let host = ForeignArchitecture.hostMachine.flatMap { Architecture($0) }
    let target = try QemuTarget(settings.architecture ?? host ?? .amd64)
    try HostTool.check([target.program], for: "tests of images")
    if !target.hasBIOS, let wanted = settings.firmware, wanted != .uefi {
      throw MirrorError(
        .invalid, "firmware", "machines for \(target.architecture.title) have no BIOS", remedy: "use uefi")
    }
    switch settings.firmware ?? .uefi {
    case .uefi: firmware = [try UEFIFirmware.installed(for: target)]
    case .bios: firmware = [nil]
    case .both: firmware = [nil, try UEFIFirmware.installed(for: target)]
    }
    self.settings = settings
    self.target = target
    isAccelerated = VirtualMachine.canAccelerate(target.architecture)
  }

  /// Boots it with each firmware.
  ///
  /// - Parameter work: a directory for temporary files of QEMU.
  func run(
    _ image: BootImage, in work: FilePath, _ cancellation: Cancellation
  ) throws(MirrorError) -> [TrialReport.Trial] {
    var trials: [TrialReport.Trial] = []
    for firmware in firmware {
      trials.append(try boot(image, firmware, in: work, isAccelerated: isAccelerated, cancellation))
    }
    return trials
  }

  private func boot(
    _ image: BootImage, _ firmware: UEFIFirmware?, in work: FilePath, isAccelerated: Bool,
    _ cancellation: Cancellation
  ) throws(MirrorError) -> TrialReport.Trial {
    let machine = VirtualMachine(
      target: target, firmware: firmware, memory: settings.memory ?? VirtualMachine.usualMemory,
      processors: settings.processors ?? VirtualMachine.usualProcessors, isAccelerated: isAccelerated)
    let usual = isAccelerated ? Self.usualLimit.accelerated : Self.usualLimit.emulated
    let limit = settings.limit ?? usual
    var watch = ConsoleWatch(expecting: settings.expected)
    var verdict: ConsoleWatch.Verdict?
    let start = ContinuousClock.now
    let outcome = try HostProgram.run(
      machine.command(image, settings.disk), environment: ["TMPDIR": work.string, "LC_ALL": "C"],
      errors: .kept, leads: true, mask: 0o077, limit: limit, cancellation: cancellation,
      heard: { if verdict == nil { verdict = watch.hear($0) } }, enough: { verdict != nil })
    // KVM of some virtual machines cannot run others, and QEMU aborts.
    if isAccelerated, verdict == nil, !outcome.isLate, outcome.status != 0, watch.end.isEmpty {
      return try boot(image, firmware, in: work, isAccelerated: false, cancellation)
    }
    var trial = TrialReport.Trial(
      "booted with \(firmware == nil ? "BIOS" : "UEFI")\(isAccelerated ? "" : ", emulated")",
      target.architecture, start)
    trial.firmware = firmware == nil ? "bios" : "uefi"
    trial.isAccelerated = isAccelerated
    switch verdict {
    case .passed(let line):
      trial.seen = line
      return trial
    case .failed(let meaning): trial.problem = meaning
    case nil:
      let wanted = settings.expected.map { "a line with `\($0)`" } ?? "a login prompt"
      trial.problem =
        outcome.isLate
        ? "\(wanted) did not appear within \(limit) s"
        : "the machine ended before \(wanted) appeared" + Self.end(outcome)
    }
    trial.output = watch.end
    return trial
  }

  /// Why QEMU ended, for messages.
  private static func end(_ outcome: HostProgram.Outcome) -> String {
    guard outcome.status != 0 else { return "" }
    return " (exit status \(outcome.status)\(outcome.lastErrors(2).map { "; \($0)" }.joined()))"
  }
}
