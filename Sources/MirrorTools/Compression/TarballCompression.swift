import MirrorModel
import LinuxSystem
import StageTrees
import SystemPackage

/// Replaces one `.tar` by a compressed file.
///
/// At all times either the `.tar` or the compressed file exists, verified and durable; the mark is kept until
/// all is done. After a failure only its own `.cme.run` is removed.
struct TarballCompression: Sendable {
  let item: CompressionPlan.Item
  let settings: CompressionSettings
  let threads: Int
  let patience: Int64
  let probe: ProcessProbe
  let now: Int64
  let cancellation: Cancellation
  let progress: @Sendable (Int) -> Void

  private var target: FileName { item.compressedPath.name }
  private var mark: FileName { item.path.name.appending(".cme") }
  private var runMark: FileName { item.path.name.appending(".cme.run") }

  func run(_ anchor: borrowing AnchoredDirectory) throws(MirrorError) -> CompressionReport.Outcome {
    let directory = try anchor.directory(item.path.parent)
    let tar = try PlainTarball(item.path.name, in: directory)
    try begin(tar, directory)
    do throws(MirrorError) {
      let bytes = item.isCompressed ? try compareExisting(tar, directory) : try compress(tar, directory)
      for link in item.links { try link.follow(item.compression, anchor) }
      try tar.checkUnchanged(in: directory)
      try moveContents(directory)
      try DocumentMove.run(from: item.path.name, to: target, in: directory)
      try directory.unlink(item.path.name)
      try directory.sync()
      try directory.unlink(mark)
      try directory.unlink(runMark)
      try directory.sync()
      return CompressionReport.Outcome(
        from: item.path, to: item.compressedPath, bytesBefore: tar.status.size, bytesAfter: bytes)
    } catch {
      try? directory.unlink(runMark)
      throw error
    }
  }

  /// Renames the list of names along with the tarball.
  private func moveContents(_ directory: borrowing AnchoredDirectory) throws(MirrorError) {
    for kind in [SidecarKind.contents, .listing] {
      let name = item.path.name.appending(kind.rawValue)
      guard try directory.status(of: name)?.kind == .regular else { continue }
      try directory.rename(name, to: target.appending(kind.rawValue))
    }
  }

  /// Creates `.cme.run`, unless another process did so since the scan.
  private func begin(_ tar: borrowing PlainTarball, _ directory: borrowing AnchoredDirectory)
    throws(MirrorError)
  {
    if let found = try CompressionMark(runMark, in: directory, probe: probe), let run = found.run,
      run.isUnderWay(now: now, patience: patience)
    {
      throw MirrorError(.busy, tar.subject, "not compressed: another run is compressing it")
    }
    let ownership = Ownership(of: tar.status)
    // The `.cme.run` of a dead run alone would be lost if this run failed.
    if try directory.status(of: mark) == nil {
      try DurableFile.write([], to: mark, in: directory, ownership, syncingDirectory: false)
    }
    try DurableFile.write(LockOwner.own.text, to: runMark, in: directory, ownership)
  }

  private func compress(
    _ tar: borrowing PlainTarball, _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Int64 {
    let output = try DurableFile(target, in: directory)
    let sink = FileSink(try output.duplicate(), subject: tar.subject)
    switch settings.compression {
    case .xz:
      var encoder = try XZEncoder(
        level: settings.level, threads: threads, into: sink, subject: tar.subject, cancellation: cancellation)
      try feed(tar, to: &encoder)
    case .gz:
      var encoder = try GzipEncoder(
        level: settings.level, threads: threads, into: sink, subject: tar.subject, cancellation: cancellation)
      try feed(tar, to: &encoder)
    case .zst, .bz2:
      var encoder = try ArchiveEncoder(
        settings, threads: threads, into: sink, subject: tar.subject, cancellation: cancellation)
      try feed(tar, to: &encoder)
    }
    let subject = directory.displayed(target)
    try tar.checkUnchanged(in: directory)
    guard try isEqual(try output.reopened(), to: tar, subject: subject) else {
      throw MirrorError(
        .library, subject, "does not decompress to the original; the .tar is kept",
        remedy: "test the memory of this machine")
    }
    try tar.checkUnchanged(in: directory)
    guard try directory.status(of: target) == nil else {
      throw MirrorError(
        .changed, subject, "was created during the compression of \(tar.subject)", remedy: "run again")
    }
    try output.keepTime(tar.status.identity.mtime)
    return try output.commit(Ownership(of: tar.status)).size
  }

  private func feed(
    _ tar: borrowing PlainTarball, to encoder: inout some StreamEncoder & ~Copyable
  ) throws(MirrorError) {
    let buffer = ChunkBuffer(count: 1 << 18)
    var offset: Int64 = 0
    // Otherwise a file that grows as fast as it is read would never end.
    while offset <= tar.status.size {
      try cancellation.check(compressing: tar.subject)
      let count = try tar.read(into: buffer, at: offset)
      if count == 0 { break }
      try encoder.encode(buffer.prefix(count))
      offset += Int64(count)
      progress(count)
    }
    try encoder.finish()
  }

  /// The size of an existing compressed file, if it has the same content as the `.tar`.
  private func compareExisting(
    _ tar: borrowing PlainTarball, _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Int64 {
    let subject = directory.displayed(target)
    let file = try directory.file(MirrorPath(bytes: target.bytes))
    let status = try attempt("examine", subject) { () throws(Errno) in
      // Its writer may not have synced it.
      try file.sync()
      return try file.status()
    }
    guard status.kind == .regular, try isEqual(file, to: tar, subject: subject) else {
      throw MirrorError(
        .invalid, tar.subject, "differs from the content of \(subject); both are kept",
        remedy: "remove the wrong one")
    }
    return status.size
  }

  private func isEqual(
    _ compressed: consuming Descriptor, to tar: borrowing PlainTarball, subject: String
  ) throws(MirrorError) -> Bool {
    var decoder = try ArchiveDecoder(item.compression, of: compressed, subject: subject)
    let scratch = ChunkBuffer(count: 1 << 18)
    var offset: Int64 = 0
    while let bytes = try decoder.next() {
      try cancellation.check(compressing: tar.subject)
      guard try tar.holds(bytes, at: offset, scratch: scratch) else { return false }
      offset += Int64(bytes.count)
      progress(bytes.count)
    }
    return offset == tar.status.size
  }
}

extension CompressionPlan.FollowingLink {
  /// Points the link to the compressed file, if its target is unchanged.
  func follow(_ compression: Compression, _ anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    let directory = try anchor.directory(path.parent)
    guard let status = try directory.status(of: path.name), status.kind == .link else { return }
    let target = MirrorPath(bytes: try directory.linkText(of: path.name))
    guard target.name == names else { return }
    if let found = try directory.status(of: newPath.name), found.kind != .link {
      throw MirrorError(
        .invalid, directory.displayed(newPath.name), "is not a link, so \(path.name) cannot be renamed to it",
        remedy: "remove one of them")
    }
    try directory.replaceLink(
      newPath.name, to: target.compressed(compression).bytes, Ownership(of: status))
    if newPath != path { try directory.unlink(path.name) }
    try directory.sync()
  }
}
