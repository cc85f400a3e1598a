import LinuxSystem
import MirrorModel
import StageTrees
import SystemPackage

/// `build/reproduce`: builds a stage a second time before the first one gets its name, and compares both.
///
/// The second build has other directories, another number of jobs, and package caches of its own.
struct StageReproduction {
  private let target: Target
  private let request: BuildRequest
  private let variant: String?
  private let stage: StageTarget

  /// The most differences that are described.
  private static let limit = 50
  private static let key = "build/reproduce"

  /// nil if the build does not ask for it.
  init?(_ target: Target, _ stage: StageTarget, _ request: BuildRequest, variant: String?) throws {
    guard try Self.isWanted(target.settings), try target.settings.isOfficial else { return nil }
    (self.target, self.stage, self.request, self.variant) = (target, stage, request, variant)
  }

  private static func isWanted(_ settings: BuildSettings) throws -> Bool {
    switch try settings.text(key) ?? "no" {
    case "no": return false
    case "yes": return true
    case let other:
      throw MirrorError(.invalid, key, "`\(other)` is neither yes nor no", remedy: "use yes or no")
    }
  }

  /// Throws for a wrong setting, or if mirrorctl does not write the tarball.
  static func check(_ settings: BuildSettings) throws {
    guard try isWanted(settings), try settings.defines("steps/capture") else { return }
    throw MirrorError(
      .invalid, key, "steps/capture writes the tarball, so it cannot be compared before it is offered",
      remedy: "do not set build/reproduce for the target \(settings.target ?? "")")
  }

  private var context: BuildContext { stage.context }

  private var name: String { "\(target.name): \(Self.key)" }

  /// Builds it again.
  ///
  /// - Parameters:
  ///   - first: the complete tarball or image.
  ///   - sha256: its digest.
  ///   - work: the directory of the first build.
  /// - Throws: if the second build fails, or its result differs.
  func run(_ first: FilePath, _ sha256: [UInt8]?, beside work: FilePath, _ log: borrowing BuildLog) throws {
    let jobs = Self.other(context.jobs)
    log.note("\(target.name): is built a second time, with \(counted(jobs, "thread", "threads"))")
    var scratch = try WorkDirectory(FilePath("\(work).again"), cancellation: context.cancellation)
    let directory = Shared(try scratch.opened())
    var entry = BuildReport.Target(name: target.name, outcome: .done, isOptional: false)
    let captured = try again(in: scratch.path, directory, jobs)
      .run(key: nil, StageProgress(of: "", from: nil), log: log, &entry)
    log.note(name)
    guard let second = captured, let digest = second.sha256, digest == sha256.map(hex) else {
      try fail(first, captured.map { scratch.path.appending("\($0.path)") }, in: directory.value, log)
    }
    log.note("\(target.name): the second build made the same")
    try scratch.remove()
  }

  /// The second build.
  private func again(
    in scratch: FilePath, _ directory: Shared<AnchoredDirectory>, _ jobs: Int
  ) throws -> StageTarget {
    var context = context
    context.jobs = jobs
    (context.keepsWork, context.resumes) = (false, false)
    context.catalog = { nil }
    var definitions = [(name: "path/work", value: scratch.appending("work").string)]
    for (key, name) in [("path/cache/package", "packages"), ("path/cache/ccache", "ccache")]
    where try target.settings.path(key) != nil {
      definitions.append((key, scratch.appending(name).string))
    }
    if let flags = try target.settings.text("portage/MAKEOPTS") {
      definitions.append(("portage/MAKEOPTS", Self.other(flags)))
    }
    let settings = try BuildSettings(
      request.defining(definitions), target: target.name, variant: variant, context.source)
    try settings.checkPlaces(mirror: context.root)
    return StageTarget(
      settings: settings, context: context, anchor: stage.anchor, records: stage.records,
      scripts: stage.scripts, copies: directory)
  }

  /// Another number of jobs than this one.
  static func other(_ jobs: Int) -> Int { jobs > 1 ? jobs / 2 : 2 }

  /// MAKEOPTS with other numbers of jobs.
  static func other(_ flags: String) -> String {
    flags.replacing(/(-j *|--jobs=)([0-9]+)/) { match in
      "\(match.1)\(Int(match.2).map { other($0) } ?? 2)"
    }
  }

  /// Describes the differences in the log.
  private func fail(
    _ first: FilePath, _ second: FilePath?, in scratch: borrowing AnchoredDirectory,
    _ log: borrowing BuildLog
  ) throws -> Never {
    func failure(_ problem: String) -> MirrorError {
      MirrorError(
        .invalid, name, problem,
        remedy: "make its steps independent of time, order and place: see \(log.path)")
    }
    guard let second else { throw failure("the second build captured nothing") }
    try describe(first, second, in: scratch, log)
    guard TarballName(FileName(second.lastComponent?.string ?? ""), .builtIn)?.format.isTarball == true else {
      throw failure("two builds made different images")
    }
    let comparison = try TarballComparison.compare(
      first, second, limit: Self.limit, threads: context.jobs, cancellation: context.cancellation)
    for line in comparison.differences { try log.print(line) }
    let rest = comparison.count - comparison.differences.count
    if rest > 0 { try log.print("and \(rest) more") }
    guard let line = comparison.differences.first else {
      throw failure("two builds made different tarballs of the same files")
    }
    throw failure("two builds differ in \(counted(comparison.count, "file", "files")): \(line)")
  }

  /// Prints what `diffoscope` says, where it is installed.
  private func describe(
    _ first: FilePath, _ second: FilePath, in scratch: borrowing AnchoredDirectory,
    _ log: borrowing BuildLog
  ) throws {
    do throws(MirrorError) { _ = try HostProgram.run(["diffoscope", "--version"], errors: .lost) } catch {
      guard error.code == .system(.noSuchFileOrDirectory) else { throw error }
      return log.note("\(target.name): diffoscope is not installed, so contents are not compared")
    }
    // It needs names in which it finds the formats.
    guard let name = second.lastComponent?.string else { return }
    let directory = try scratch.makePath("first")
    var copy = try DurableFile(FileName(name), in: directory)
    let file = try attempt("open", "\(first)") { () throws(Errno) in try Descriptor(reading: first) }
    try copy.append(sparse: file, "\(first)")
    _ = try copy.commit(.ofThisProcess(mode: 0o600))
    let paths = [scratch.root.appending("first").appending(name), second].map { shellWord("\($0)") }
    let steps = try StepRunner(
      target.settings, context, root: scratch.root, scripts: stage.scripts, confinement: .idmapped)
    // 1 is its status for a difference.
    try steps.run(
      """
      #!/bin/sh
      cd "$TMPDIR" || exit
      diffoscope --no-progress --max-text-report-size 262144 --text - \(paths.joined(separator: " "))
      test $? -le 1 || echo 'diffoscope failed'
      """, named: "diffoscope", log: log)
  }
}
