import LinuxSystem
import MirrorModel
import Hashing
import StageTrees
import SystemPackage

/// A directory in which one image is made. It is removed with this value; that of a killed run by the next one.
struct ExportWork: ~Copyable {
  private let job: ExportJob
  private let directory: WorkDirectory
  private let files: AnchoredDirectory
  /// The name of the directory with unpacked files.
  static let tree: FileName = "tree"

  /// - Throws: code `busy` if another run makes the same image.
  static func make(_ job: ExportJob) throws(MirrorError) -> ExportWork {
    let name = ".\(job.image.lastComponent?.string ?? "image").export"
    // A wrong path is an error: no directories are made for it.
    _ = try AnchoredDirectory(root: job.workPlace)
    let directory = try WorkDirectory(job.workPlace.appending(name), cancellation: job.cancellation)
    let files = try directory.opened()
    return ExportWork(job, directory, files)
  }

  private init(
    _ job: ExportJob, _ directory: consuming WorkDirectory, _ files: consuming AnchoredDirectory
  ) {
    self.job = job
    self.directory = directory
    self.files = files
  }

  /// Its path.
  var path: FilePath { directory.path }

  /// The path of a file in it.
  func path(_ name: FileName) -> FilePath { directory.path.appending("\(name)") }

  /// Creates a file in it.
  func create(_ name: FileName) throws(MirrorError) -> Descriptor {
    try files.createFile(name, isReadable: true)
  }

  /// The files of the stage in a directory that may be changed.
  ///
  /// - Returns: its absolute path, and what was left out.
  func unpack() throws(MirrorError) -> (tree: FilePath, notes: [String]) {
    try files.makeDirectory(Self.tree, mode: 0o755)
    let copy = StageCopy(
      options: TreeUnpacker.Options(threads: job.threads), epoch: job.epoch, cancellation: job.cancellation,
      progress: job.progress)
    let notes = try copy.run(job.source, into: try files.directory(Self.tree), by: files)
    return (path(Self.tree), notes)
  }

  /// Copies a tarball, and reads the copy to its end.
  ///
  /// - Returns: its SHA-256.
  /// - Throws: if it is damaged.
  func copy(_ tarball: FilePath, as name: FileName) throws(MirrorError) -> DigestSet {
    let subject = "\(tarball)"
    let source = try attempt("open", subject) { () throws(Errno) in try Descriptor(reading: tarball) }
    var file = try DurableFile(name, in: files)
    _ = try file.append(source, subject)
    _ = try file.commit(.ofThisProcess(mode: 0o600), syncingDirectory: false)
    let copy = Shared(try TarballSource(try files.file(MirrorPath(bytes: name.bytes)), subject: subject))
    let null = try attempt("open", "/dev/null") { () throws(Errno) in try Descriptor(writing: "/dev/null") }
    let counted: @Sendable (Int) -> Void = { [progress = job.progress] in progress.add(bytes: $0) }
    _ = try Recompression(nil, threads: job.threads, cancellation: job.cancellation, progress: counted)
      .run(copy, into: null)
    var digests = DigestSet()
    digests[.sha256] = try OpenSSLDigest.sha256(
      of: try files.file(MirrorPath(bytes: name.bytes)), subject
    ).digest
    return digests
  }

  /// The directory itself.
  func opened() throws(MirrorError) -> AnchoredDirectory { try files.duplicate() }

  /// Writes a small file, durable, or replaces it.
  func write(_ bytes: [UInt8], as target: FilePath) throws(MirrorError) {
    let name = try target.fileName()
    var file = try DurableFile(name, in: files)
    try file.write(bytes)
    try file.commit(job.ownership, as: name, in: try target.openParent())
  }

  /// Puts a finished file in place, durable.
  ///
  /// - Parameters:
  ///   - target: on the same file system.
  ///   - known: its digests; nil to compute its SHA-256.
  func place(
    _ name: FileName, as target: FilePath, digests known: DigestSet? = nil
  ) throws(MirrorError) -> ExportedFile {
    let file = try files.file(MirrorPath(bytes: name.bytes))
    let subject = "\(target)"
    let status = try attempt("examine", subject) { () throws(Errno) in try file.status() }
    var digests = known ?? DigestSet()
    if known == nil {
      digests[.sha256] = try OpenSSLDigest.sha256(of: file, subject).digest
    }
    let parent = try target.openParent()
    try parent.finish(file, try target.fileName(), job.ownership)
    try parent.take(name, from: files, as: try target.fileName())
    try parent.sync()
    return ExportedFile(path: target, size: status.size, digests: digests)
  }
}
