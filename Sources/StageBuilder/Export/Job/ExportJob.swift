package import LinuxSystem
import MirrorModel
import MirrorTools
import StageTrees
package import SystemPackage

/// The stage, the image, and what all makers of images need.
package struct ExportJob: Sendable {
  /// Absolute path of the stage: a tarball or a directory.
  package let source: FilePath
  let isDirectory: Bool
  /// Absolute path of the image.
  package private(set) var image: FilePath
  /// The address in a container registry to which the image is pushed, `docker://...`; nil to keep it at ``image``.
  package let registry: String?
  /// The time of the image, in seconds since 1970: no time in it is later.
  package let epoch: Int64
  package let threads: Int
  let cancellation: Cancellation
  let progress: RunProgress
  /// Where the image is made before it gets its name: a directory on the same file system.
  private(set) var workPlace: FilePath
  /// nil to find it from the programs of the stage.
  var givenArchitecture: Architecture?
  /// What is known about the stage beside its files: `os`, `release`, `variant`, `serial`.
  package var properties: [String: String] = [:]
  /// Of the files that are made.
  let ownership: Ownership

  /// - Parameters:
  ///   - epoch: nil for the modification time of the stage.
  ///   - workPlace: nil for the directory of the image.
  ///   - registry: the address in a container registry to which the image is pushed.
  /// - Throws: if the stage does not exist, or the image would replace a device, a directory or the like.
  package init(
    _ source: FilePath, to image: FilePath, epoch: Int64?, threads: Int?, ownership: Ownership,
    workPlace: FilePath? = nil, registry: String? = nil, cancellation: Cancellation, progress: RunProgress
  ) throws(MirrorError) {
    let status = try attempt("examine", "\(source)") { () throws(Errno) in try source.status() }
    try image.checkReplaceable()
    self.source = source
    isDirectory = status.kind == .directory
    self.image = image
    self.registry = registry
    self.epoch = epoch ?? max(0, status.identity.mtime / 1_000_000_000)
    self.threads = threads ?? Workers.processors
    self.ownership = ownership
    self.workPlace = workPlace ?? image.removingLastComponent()
    self.cancellation = cancellation
    self.progress = progress
    progress.begin("exporting", bytes: isDirectory ? 0 : status.size, files: 1)
  }

  /// The same for a file that is a part of the image, in a directory of its own.
  func making(_ name: FileName, in directory: FilePath) -> ExportJob {
    var job = self
    (job.image, job.workPlace) = (directory.appending("\(name)"), directory)
    return job
  }

  /// The architecture of the stage: the given one, or that of its programs.
  ///
  /// - Throws: if neither is known.
  func architecture() throws(MirrorError) -> Architecture {
    if let givenArchitecture { return givenArchitecture }
    let header =
      isDirectory ? try ForeignArchitecture.shell(of: source) : try SeedTarball.program(in: source.string)
    if let found = header.flatMap({ Architecture($0.machine) }) { return found }
    throw MirrorError(
      .invalid, "\(source)",
      header.map { "is for \(Architecture.title(of: $0.machine)), which is not a known architecture" }
        ?? "does not contain a shell, so its architecture is unknown",
      remedy: "set its architecture")
  }

  /// Writes the files of the stage as a tar archive, in the order of the tarball or of the names, to `sink`.
  ///
  /// - Parameters:
  ///   - compression: nil for a plain archive.
  ///   - edit: changes to the archive; nil for that of the tarball, byte by byte.
  /// - Returns: with the SHA-256 of the output and of the plain archive.
  func writeArchive(
    _ compression: CompressionSettings?, edit: ArchiveEdit? = nil, into sink: consuming Descriptor
  ) throws(MirrorError) -> CaptureReport {
    let counted: @Sendable (Int) -> Void = { [progress] in progress.add(bytes: $0) }
    guard isDirectory else {
      return try Recompression(
        compression, threads: threads, edit: edit, cancellation: cancellation, progress: counted
      ).run(source, into: sink)
    }
    var options = TreeCapture.Options(
      compression: compression?.compression, level: compression?.level, threads: threads, epoch: epoch)
    options.digestsArchive = true
    options.edit = edit
    return try TreeCapture(options, cancellation: cancellation, progress: counted).capture(source, into: sink)
  }

  /// Runs a program of the host to its end; it never outlives this process.
  ///
  /// - Parameter directory: its working directory; nil for ours.
  /// - Returns: its messages.
  /// - Throws: with the end of its messages if it fails.
  @discardableResult
  func run(
    _ command: [String], environment: [String: String] = [:], input: [UInt8] = [],
    in directory: FilePath? = nil
  ) throws(MirrorError) -> [String] {
    let place = directory.map { ["env", "--chdir=\($0)"] } ?? []
    let outcome = try HostProgram.run(
      place + Self.found(command), input: input, environment: variables(environment), errors: .kept,
      leads: true, mask: 0o022, cancellation: cancellation)
    try check(outcome, command)
    return outcome.messages
  }

  /// Runs a program of the host that reads the archive of the stage from its standard input, as ``run(_:environment:input:in:)``.
  ///
  /// - Parameter edit: changes to the archive. In every case it is checked, and nothing follows its end.
  /// - Returns: the report of the archive, and the messages of the program.
  func run(
    _ command: [String], environment: [String: String] = [:], reading edit: ArchiveEdit
  ) throws(MirrorError) -> (archive: CaptureReport, messages: [String]) {
    let (outcome, report) = try HostProgram.run(
      Self.found(command), environment: variables(environment), mask: 0o022, cancellation: cancellation
    ) { pipe throws(MirrorError) in try writeArchive(nil, edit: edit, into: pipe) }
    try check(outcome, command)
    guard let report else { throw MirrorError(.library, command.first ?? "", "did not read its input") }
    return (report, outcome.messages)
  }

  /// A command whose program is found where ``HostTool`` looks for it: `PATH` of cron lacks `/usr/sbin`.
  private static func found(_ command: [String]) -> [String] {
    guard let name = command.first, !name.contains("/"), let path = Executable.find(name) else {
      return command
    }
    return [path] + command.dropFirst()
  }

  private func variables(_ environment: [String: String]) -> [String: String] {
    ["SOURCE_DATE_EPOCH": "\(epoch)", "LC_ALL": "C", "TZ": "UTC"].merging(environment) { $1 }
  }

  private func check(_ outcome: HostProgram.Outcome, _ command: [String]) throws(MirrorError) {
    guard outcome.status != 0 else { return }
    throw failure(
      of: command, "with exit status \(outcome.status): \(outcome.lastErrors(3).joined(separator: "; "))")
  }

  /// The error for a program that failed.
  ///
  /// - Parameter end: how, after `failed `.
  func failure(of command: [String], _ end: String) -> MirrorError {
    MirrorError(
      .invalid, command.first ?? "", "failed \(end)",
      remedy: "see the message, and the free space of \(workPlace)")
  }
}

extension HostProgram.Outcome {
  /// The lines of standard error.
  fileprivate var messages: [String] {
    String(decoding: errors, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
