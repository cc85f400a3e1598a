import LinuxSystem
import MirrorTools
import SystemPackage

/// The test that a stage must pass before it gets its name: `build/test`.
struct StageTest {
  private let trial: TreeTrial
  private let name: String

  /// nil if the build does not ask for one.
  init?(_ settings: BuildSettings, _ context: BuildContext) throws {
    switch try settings.text("build/test") ?? "no" {
    case "no": return nil
    case "yes": break
    case let other:
      throw MirrorError(.invalid, "build/test", "`\(other)` is neither yes nor no", remedy: "use yes or no")
    }
    name = "\(settings.target ?? ""): build/test"
    trial = TreeTrial(
      settings: try settings.trial, sandbox: context.sandbox, threads: context.jobs,
      cancellation: context.cancellation, progress: context.progress)
  }

  /// Throws for a wrong setting, or if the output of the target cannot be tested.
  static func check(_ settings: BuildSettings, _ context: BuildContext, _ output: TarballOutput?) throws {
    guard try StageTest(settings, context) != nil, let output, output.isImage else { return }
    throw MirrorError(
      .invalid, "build/test", "\(output.path) is a squashfs image, which cannot be tested",
      remedy: "do not set build/test for the target \(settings.target ?? "")")
  }

  /// - Parameter tarball: complete, but not offered yet.
  /// - Throws: if it fails; then its output is at the end of the log.
  func run(_ tarball: FilePath, in work: borrowing WorkDirectory, _ log: borrowing BuildLog) throws {
    log.note(name)
    let result = try trial.run(tarball, in: work, log.descriptor)
    guard result.hasPassed else {
      throw MirrorError(.invalid, name, "the stage failed: \(result.line)", remedy: "see \(log.path)")
    }
    log.note("\(name) passed: \(result.line)")
  }
}
