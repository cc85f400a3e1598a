import LinuxSystem
import ArgumentParser
import MirrorTools
import SystemPackage

struct AddCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Add a finished stage that was built elsewhere.",
    discussion: """
      mirrorctl add funtoo-current x86-64bit generic_64 2026-11-01 stage3-generic_64.tar.xz

      Each tarball is checked, linked or copied into its place, and digested. The version is offered once all of \
      it is there.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions

  @Argument(help: "The line of development: funtoo-current.") var build: String
  @Argument(help: "The architecture: x86-64bit.") var arch: String
  @Argument(help: "The subarch: generic_64.") var subarch: String
  @Argument(help: "The version: a date, YYYY-MM-DD.") var version: DateArgument
  @Argument(help: "Tarballs, and perhaps a build-info.json.", completion: .file()) var files: [String]

  func run(_ context: CommandContext) throws -> ExitStatus {
    let addition = try StageAddition(
      MirrorPath("\(build)/\(arch)/\(subarch)"), version: version.date,
      files: files.map { FilePath($0).absolute })
    let hashing = try reading.hashing(job, context)
    let session = try MirrorSession(global, context, verb: "add", lock: lock, creates: true)
    let run = try session.digestRun(hashing)
    let report = try ProgressLine.showing(session.progress, on: context, unless: global.quiet) {
      try addition.apply(run, session.scanner)
    }
    try session.mark()
    for problem in report.problems { context.message("\(problem)") }
    if global.json {
      try context.print(json: AddOutput(mirror: "\(session.root)", made: report.made))
    } else if !global.quiet {
      for path in report.made { context.print("made \(session.root)/\(path)") }
    }
    return report.problems.isEmpty ? .done : .failed
  }
}

private struct AddOutput: Encodable {
  let mirror: String
  let made: [MirrorPath]
}
