package import LinuxSystem
import MirrorModel
package import MirrorTools
package import SystemPackage

/// Tests a stage or an image.
package struct TrialRun {
  /// What is tested.
  package enum Subject {
    /// The files of a tarball or a directory, in a sandbox.
    case tree
    /// An image, in a virtual machine.
    case image(BootImage)

    /// Whether an ordinary user needs to be root of a user namespace.
    package var needsRoot: Bool { if case .tree = self { true } else { false } }

    /// By the name and the contents of a file.
    ///
    /// - Throws: if it is neither a stage nor an image.
    package init(_ path: FilePath) throws(MirrorError) {
      let status = try attempt("examine", "\(path)") { () throws(Errno) in try path.status() }
      let format = ArtifactKinds.builtIn.format(of: FileName(path.lastComponent?.string ?? ""))
      if status.kind == .directory || format?.content == .tar || format?.content == .wsl {
        self = .tree
        return
      }
      if format?.content == .oci {
        throw MirrorError(
          .invalid, "\(path)", "is an image for containers", remedy: "test the stage that it is made from")
      }
      if let compression = format?.compression {
        throw MirrorError(
          .invalid, "\(path)", "is compressed with \(compression.rawValue)", remedy: "decompress it first")
      }
      self = .image(try BootImage(path, format?.content))
    }
  }

  private let settings: TrialSettings
  private let threads: Int
  private let cancellation: Cancellation
  private let progress: RunProgress

  /// - Parameter threads: nil for one per CPU.
  package init(
    _ settings: TrialSettings, threads: Int?, cancellation: Cancellation, progress: RunProgress
  ) throws(MirrorError) {
    try settings.check()
    self.settings = settings
    self.threads = threads ?? Workers.processors
    self.cancellation = cancellation
    self.progress = progress
  }

  /// Tests a file or directory, which is not changed.
  ///
  /// - Parameters:
  ///   - path: absolute.
  ///   - place: a directory for work directories; what killed runs left in it is removed.
  /// - Throws: if it cannot be tested; a failure is in the report.
  package func run(_ path: FilePath, in place: FilePath) throws(MirrorError) -> TrialReport {
    let subject = try Subject(path)
    _ = WorkDirectory.sweeping(place, cancellation)
    var work = try WorkDirectory(place.appending("\(OwnProgram.pid)"), cancellation: cancellation)
    let trials: [TrialReport.Trial]
    switch subject {
    case .tree:
      let output = try work.opened().createFile("output", isReadable: true)
      let trial = TreeTrial(
        settings: settings, sandbox: Sandbox(), threads: threads, cancellation: cancellation,
        progress: progress)
      trials = [try trial.run(path, in: work, output)]
    case .image(let image):
      progress.begin("booting \(path.lastComponent?.string ?? "")", bytes: 0, files: 1)
      defer { progress.end() }
      trials = try MachineTrial(settings).run(image, in: work.path, cancellation)
    }
    try work.remove()
    return TrialReport(source: "\(path)", trials: trials)
  }
}
