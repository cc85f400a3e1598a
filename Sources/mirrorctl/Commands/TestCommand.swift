import MirrorTools
import LinuxSystem
import StageBuilder
import MirrorModel
import ArgumentParser
import SystemPackage

struct TestCommand: RootVerb {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Test whether a stage works, or an image boots.",
    discussion: """
      The files of a stage tarball or a directory are checked in a sandbox. An image is booted in a virtual \
      machine of QEMU, and passes when a login prompt appears on its serial console. Neither is changed.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var results: ResultOptions

  @Option(
    name: .long, help: ArgumentHelp("Check the stage with this script.", valueName: "file"),
    completion: .file())
  var script: String?

  @Option(
    name: .long, of: SecondsArgument.self,
    help: ArgumentHelp(
      "Fail after this time (default: 10m for a stage, 5m for an image, 30m without KVM).", valueName: "time")
  )
  var timeout: SecondsArgument?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The image passes when its console prints a line that contains this (default: a login prompt).",
      valueName: "regex"))
  var expect: String?

  @Option(name: .long, help: "Boot the image with uefi, bios or both (default: uefi).")
  var firmware: TrialSettings.Firmware?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Connect the image as virtio, scsi, sata or usb (default: scsi for iso, else virtio).",
      valueName: "kind"))
  var disk: TrialSettings.Disk?

  @Option(
    name: .long, of: BytesArgument.self,
    help: ArgumentHelp("Memory of the virtual machine (default: 2G).", valueName: "bytes"))
  var memory: BytesArgument?

  @Option(in: 1...255, help: ArgumentHelp("CPUs of the virtual machine (default: 2).", valueName: "n"))
  var cpus: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Architecture of the image: amd64, arm64 or riscv64 (default: this machine's).", valueName: "arch"),
    completion: .list(["amd64", "arm64", "riscv64"]))
  var architecture: Architecture?

  @Option(
    name: .long,
    help: ArgumentHelp("Directory for temporary files.", valueName: "dir"), completion: .directory)
  var work: String?

  @Argument(
    help: "A stage tarball, a directory, or an image: raw, qcow2, vmdk, vhd or iso.", completion: .file())
  var image: String

  func validate() throws {
    if let expect {
      var settings = TrialSettings()
      settings.expected = expect
      do throws(MirrorError) { try settings.check() } catch {
        throw ValidationError("--expect: \(error.problem).")
      }
    }
  }

  var needsRoot: Bool { (try? TrialRun.Subject(FilePath(image).absolute).needsRoot) ?? false }

  func run(_ context: CommandContext) throws -> ExitStatus {
    let progress = RunProgress()
    let run = try TrialRun(
      try settings(context), threads: job.jobs, cancellation: context.cancellation, progress: progress)
    let place = work.map { FilePath($0).absolute } ?? context.cacheDirectory.appending("test")
    let renderer = results.renderer(context)
    let report = try renderer.showing(progress) { try run.run(FilePath(image).absolute, in: place) }
    return try renderer.print(report)
  }

  private func settings(_ context: CommandContext) throws -> TrialSettings {
    var settings = try TrialSettings(try ConfigurationFile(configuration.request(context)).elements)
    if let script { settings.script = try Self.text(of: FilePath(script)) }
    settings.limit = timeout?.seconds ?? settings.limit
    settings.memory = memory?.bytes ?? settings.memory
    settings.processors = cpus ?? settings.processors
    settings.firmware = firmware ?? settings.firmware
    settings.disk = disk ?? settings.disk
    settings.expected = expect ?? settings.expected
    settings.architecture = architecture ?? settings.architecture
    return settings
  }

  /// The largest script, in bytes.
  private static let limit = 1 << 20

  private static func text(of script: FilePath) throws(MirrorError) -> String {
    let bytes = try attempt("read", "\(script)") { () throws(Errno) in
      try Descriptor(reading: script).bytes(upTo: limit + 1)
    }
    guard bytes.count <= limit else {
      throw MirrorError(
        .invalid, "\(script)", "is larger than 1 MiB", remedy: "move what it runs into the stage")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension TrialSettings.Firmware: ExpressibleByArgument {}
extension TrialSettings.Disk: ExpressibleByArgument {}

extension Architecture: ExpressibleByArgument {
  /// From one of its names.
  public init?(argument: String) { self.init(named: argument) }
}

/// `90s`, `15m` or `2h`.
struct SecondsArgument: DescribedArgument {
  static let valid = "a time such as 90s, 15m or 2h"
  let seconds: Int

  init?(argument: String) {
    guard let seconds = SettingsSection.seconds(argument), seconds > 0 else { return nil }
    self.seconds = seconds
  }
}
