import LinuxSystem
import ArgumentParser
import MirrorTools
import SystemPackage

struct AddCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Add a finished stage built elsewhere.",
    discussion: """
      mirrorctl add funtoo-current x86-64bit generic_64 2026-11-01 stage3-generic_64.tar.xz

      Each tarball is checked, linked or copied into place, and digested. The version is offered once it is \
      complete.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions

  @Argument(help: "Line of development, e.g. funtoo-current.", completion: .names(.build)) var build: String
  @Argument(help: "Architecture, e.g. x86-64bit.", completion: .names(.arch)) var arch: String
  @Argument(help: "Subarch, e.g. generic_64.", completion: .names(.subarch)) var subarch: String
  @Argument(
    help: "Version: YYYY-MM-DD or YYYYMMDDTHHMMSSZ.", completion: .names(.version),
    transform: DateArgument.init(reading:))
  var version: DateArgument
  @Argument(help: "Tarballs, and optionally a build-info.json.", completion: .file()) var files: [String]

  func run(_ context: CommandContext) throws -> ExitStatus {
    let hashing = try reading.hashing(job, context)
    let run = try global.write(context, as: "add", lock, creates: true, hashing: hashing)
    let addition = try StageAddition(
      MirrorPath("\(build)/\(arch)/\(subarch)"), version: version.date,
      files: files.map { FilePath($0).absolute }, layout: run.configuration.layout,
      kinds: run.configuration.kinds)
    let renderer = global.renderer(context)
    let made = try renderer.showing(run.environment.progress) { try run.apply(addition) }
    return try renderer.print(made)
  }
}
