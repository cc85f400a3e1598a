import LinuxSystem
import StageTrees
import SystemPackage

/// Copies the files of a stage to an empty directory, in which they may be changed.
struct StageCopy {
  let options: TreeUnpacker.Options
  /// In seconds since 1970: later modification times in a directory are replaced by this one.
  let epoch: Int64
  let cancellation: Cancellation
  let progress: RunProgress

  /// - Parameters:
  ///   - source: a tarball or a directory.
  ///   - root: the empty directory.
  ///   - files: a directory for a temporary archive.
  /// - Returns: what was left out.
  func run(
    _ source: FilePath, into root: borrowing AnchoredDirectory, by files: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [String] {
    let counted: @Sendable (Int) -> Void = { [progress] in progress.add(bytes: $0) }
    let status = try attempt("examine", "\(source)") { () throws(Errno) in try source.status() }
    guard status.kind == .directory else {
      return try TreeUnpacker(options, cancellation: cancellation, progress: counted)
        .unpack(source, into: root).notes
    }
    let archive: FileName = "tree.tar"
    let capture = TreeCapture.Options(
      compression: nil, threads: options.threads, epoch: epoch, algorithms: [])
    let captured = try TreeCapture(capture, cancellation: cancellation, progress: counted)
      .capture(source, into: try files.createFile(archive))
    let unpacked = try TreeUnpacker(options, cancellation: cancellation)
      .unpack(files.root.appending("\(archive)"), into: root)
    try files.unlink(archive)
    return captured.notes + unpacked.notes
  }
}
