package import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// An image of a stage: its path in the mirror, and how finished files get there.
struct ImageOutput: TargetOutput {
  let path: MirrorPath
  private let anchor: Shared<AnchoredDirectory>
  /// Whether it is made in its place, since its journal must survive a killed build.
  private let isMadeInPlace: Bool

  /// `path/mirror/target`, with the suffix of the format instead of that of a tarball.
  init(_ settings: BuildSettings, _ anchor: Shared<AnchoredDirectory>) throws {
    let key = "path/mirror/target"
    _ = try settings.required(key)
    let format = try settings.exportSection().format
    guard let named = try settings.mirrorPath(key, in: anchor.value.root) else {
      throw settings.undefined(key)
    }
    let stem = TarballName(named.name, .builtIn)?.stem ?? named.name
    path = named.parent.appending(stem.appending(format.suffix))
    isMadeInPlace = format.hasJournal
    self.anchor = anchor
  }

  func existing() throws(MirrorError) -> MirrorPath? {
    do throws(MirrorError) {
      guard try anchor.value.status(at: mark) == nil else { return nil }
      return try anchor.value.status(at: path)?.kind == .regular ? path : nil
    } catch {
      if error.code == .system(.noSuchFileOrDirectory) { return nil }
      throw error
    }
  }

  /// An image is replaced only by a complete one.
  func remove() {}

  /// An image gets its name when it is complete; only its documents may be missing.
  func removeUnfinished() throws(MirrorError) {
    guard try anchor.value.status(at: mark) != nil else { return }
    let directory = try anchor.value.directory(path.parent)
    try TarballOutput.removeSidecars(of: path.name, in: directory)
    try directory.unlink(path.name)
    try TarballOutput.complete(path.name, in: directory)
  }

  private var mark: MirrorPath { path.parent.appending(TarballOutput.mark(of: path.name)) }

  /// ``ExportRun`` does.
  func checkTools() {}

  /// Where the image is made: in this work directory, or in the mirror.
  func target(in work: FilePath) throws(MirrorError) -> FilePath {
    guard isMadeInPlace else { return work.appending("\(path.name)") }
    _ = try anchor.value.makePath(path.parent)
    return anchor.value.root.appending("\(path)")
  }

  /// Runs `body`, which moves an image into the mirror and adds its documents.
  func completing<Result>(_ body: () throws -> Result) throws -> Result {
    // The journal of an image that is made in its place is never removed.
    if isMadeInPlace { return try body() }
    return try TarballOutput.completing(path.name, in: try anchor.value.makePath(path.parent), body)
  }

  /// Moves finished files into the mirror, unless they were made there, the image last, each with its digests.
  ///
  /// - Parameter files: the image, then the files beside it, in a directory of their own.
  /// - Returns: them in the mirror, in the same order.
  func take(
    _ files: [ExportedFile], from work: borrowing AnchoredDirectory, _ context: BuildContext
  ) throws(MirrorError) -> [ImageFile] {
    let directory = try anchor.value.makePath(path.parent)
    let ownership = try directory.fileOwnership()
    var taken: [ImageFile] = []
    for file in files.reversed() {
      let name = try file.path.fileName()
      try TarballOutput.removeSidecars(of: name, in: directory)
      let path = path.parent.appending(name)
      let status =
        isMadeInPlace
        ? try Self.finish(name, in: directory, ownership)
        : try Self.move(name, from: work, to: directory, ownership)
      try FreshTarball.record(
        file.digests, of: path, status, in: directory, context.layout, catalog: context.catalog(),
        now: context.now())
      try directory.sync()
      taken.append(ImageFile(path: path, size: status.size, sha256: file.digests[.sha256].map(hex)))
    }
    return taken.reversed()
  }

  /// Gives a file that was made in its place its owner and mode.
  private static func finish(
    _ name: FileName, in directory: borrowing AnchoredDirectory, _ ownership: Ownership
  ) throws(MirrorError) -> FileStatus {
    let file = try directory.file(MirrorPath(bytes: name.bytes))
    try directory.finish(file, name, ownership)
    return try attempt("examine", directory.displayed(name)) { () throws(Errno) in try file.status() }
  }

  /// Moves a file, or copies it from another file system.
  private static func move(
    _ name: FileName, from work: borrowing AnchoredDirectory, to directory: borrowing AnchoredDirectory,
    _ ownership: Ownership
  ) throws(MirrorError) -> FileStatus {
    let subject = directory.displayed(name)
    let file = try work.file(MirrorPath(bytes: name.bytes))
    do throws(MirrorError) {
      try directory.finish(file, name, ownership)
      try directory.take(name, from: work, as: name)
    } catch {
      guard error.code == .system(.improperLink) else { throw error }
      var copy = try DurableFile(name, in: directory)
      try copy.append(sparse: file, work.displayed(name))
      return try copy.commit(ownership)
    }
    return try attempt("examine", subject) { () throws(Errno) in try file.status() }
  }
}

/// A file that an export made, in the mirror.
package struct ImageFile: Sendable, Encodable {
  /// Relative to the mirror's root.
  package let path: MirrorPath
  /// In bytes.
  package let size: Int64
  package let sha256: String?

  private enum CodingKeys: String, CodingKey { case path, size = "bytes", sha256 }
}
