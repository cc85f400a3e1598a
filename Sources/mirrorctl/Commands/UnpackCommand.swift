import MirrorTools
import LinuxSystem
import StageTrees
import ArgumentParser
import SystemPackage

struct UnpackCommand: RootVerb {
  static let configuration = CommandConfiguration(
    commandName: "unpack",
    abstract: "Safely unpack an untrusted stage tarball.",
    discussion: """
      Nothing is written outside the directory, whatever the tarball contains. Numeric owners, set-id bits, \
      times, hard links, holes, access control lists, extended attributes and capabilities are restored.
      """)

  @OptionGroup var job: JobOptions
  @OptionGroup var results: ResultOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Exclude the contents of this directory of the tarball; repeatable.", valueName: "dir"))
  var exclude: [String] = []

  @Flag(
    name: .long,
    help: "Unpack members below a symbolic link to a directory into that directory, and keep the link.")
  var keepDirectorySymlink = false

  @Option(
    name: .long, of: BytesArgument.self,
    help: ArgumentHelp(
      "Maximum memory for decompression (default: half of this machine's).", valueName: "bytes"))
  var maxMemory: BytesArgument?

  @Flag(name: .long, help: "Do not create devices; report them instead.")
  var noDevices = false

  @Argument(help: "The tarball, plain or compressed with xz, zstd, gzip or bzip2.", completion: .file())
  var tarball: String

  @Argument(help: "An existing directory.", completion: .directory)
  var directory: String

  func run(_ context: CommandContext) throws -> ExitStatus {
    let options = TreeUnpacker.Options(
      excluded: exclude, limits: UnpackLimits(memory: maxMemory.map { UInt64(clamping: $0.bytes) }),
      threads: job.jobs, canMakeDevices: !noDevices, keepsDirectoryLinks: keepDirectorySymlink)
    let (path, root) = (FilePath(tarball).absolute, FilePath(directory).absolute)
    let progress = RunProgress()
    progress.begin("unpacking", bytes: size(of: path), files: 1)
    let unpacker = TreeUnpacker(options, cancellation: context.cancellation) { progress.add(bytes: $0) }
    let renderer = results.renderer(context)
    let report = try renderer.showing(progress) { try unpacker.unpack(path, into: root) }
    renderer.note(report.notes)
    return try renderer.print(UnpackedTree(tarball: path, directory: root, report: report))
  }

  /// The tarball's size in bytes, for the progress; 0 on errors, which opening it reports.
  private func size(of path: FilePath) -> Int64 {
    (try? path.status())?.size ?? 0
  }
}
