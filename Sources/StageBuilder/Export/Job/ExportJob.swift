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
  package let image: FilePath
  /// The time of the image, in seconds since 1970: no time in it is later.
  package let epoch: Int64
  package let threads: Int
  let cancellation: Cancellation
  let progress: RunProgress
  /// Where the image is made before it gets its name: a directory on the same file system.
  let workPlace: FilePath
  /// nil to find it from the programs of the stage.
  var givenArchitecture: Architecture?
  /// Of the files that are made.
  let ownership: Ownership

  /// - Parameters:
  ///   - epoch: nil for the modification time of the stage.
  ///   - workPlace: nil for the directory of the image.
  /// - Throws: if the stage does not exist.
  package init(
    _ source: FilePath, to image: FilePath, epoch: Int64?, threads: Int?, ownership: Ownership,
    workPlace: FilePath? = nil, cancellation: Cancellation, progress: RunProgress
  ) throws(MirrorError) {
    let status = try attempt("examine", "\(source)") { () throws(Errno) in try source.status() }
    self.source = source
    isDirectory = status.kind == .directory
    self.image = image
    self.epoch = epoch ?? max(0, status.identity.mtime / 1_000_000_000)
    self.threads = threads ?? Workers.processors
    self.ownership = ownership
    self.workPlace = workPlace ?? image.removingLastComponent()
    self.cancellation = cancellation
    self.progress = progress
    progress.begin("exporting", bytes: isDirectory ? 0 : status.size, files: 1)
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
  /// - Parameter compression: nil for a plain archive.
  /// - Returns: with the SHA-256 of the output and of the plain archive.
  func writeArchive(
    _ compression: CompressionSettings?, into sink: consuming Descriptor
  ) throws(MirrorError) -> CaptureReport {
    let counted: @Sendable (Int) -> Void = { [progress] in progress.add(bytes: $0) }
    guard isDirectory else {
      return try Recompression(
        compression, threads: threads, cancellation: cancellation, progress: counted
      ).run(source, into: sink)
    }
    var options = TreeCapture.Options(
      compression: compression?.compression, level: compression?.level, threads: threads, epoch: epoch)
    options.digestsArchive = true
    return try TreeCapture(options, cancellation: cancellation, progress: counted).capture(source, into: sink)
  }

  /// Runs a program of the host to its end; it never outlives this process.
  ///
  /// - Parameter directory: its working directory; nil for ours.
  /// - Returns: its output.
  /// - Throws: with the end of its messages if it fails.
  @discardableResult
  func run(
    _ command: [String], environment: [String: String] = [:], input: [UInt8] = [],
    in directory: FilePath? = nil
  ) throws(MirrorError) -> [UInt8] {
    let variables = ["SOURCE_DATE_EPOCH": "\(epoch)", "LC_ALL": "C", "TZ": "UTC"]
    let place = directory.map { ["env", "--chdir=\($0)"] } ?? []
    let outcome = try HostProgram.run(
      place + command, input: input, environment: variables.merging(environment) { $1 }, errors: .kept,
      leads: true,
      mask: 0o022, cancellation: cancellation)
    guard outcome.status != 0 else { return outcome.output }
    let words = String(decoding: outcome.errors.suffix(500), as: UTF8.self).split(separator: "\n").suffix(3)
    throw MirrorError(
      .invalid, command.first ?? "",
      "failed with exit status \(outcome.status): \(words.joined(separator: "; "))",
      remedy: "see the message, and the free space of \(workPlace)")
  }
}
