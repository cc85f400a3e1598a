import MirrorModel
import LinuxSystem
import StageTrees
import SystemPackage

/// One `.tar` becomes a compressed one.
///
/// At every instant either the `.tar` is there or the compressed file is, verified and durable; the mark stays
/// until all is done. A failure takes nothing away but its own `.cme.run`.
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

  /// The list of names stays with the tarball.
  private func moveContents(_ directory: borrowing AnchoredDirectory) throws(MirrorError) {
    let suffix = SidecarKind.contents.rawValue
    let name = item.path.name.appending(suffix)
    guard try directory.status(of: name)?.kind == .regular else { return }
    try directory.rename(name, to: target.appending(suffix))
  }

  /// Sets `.cme.run`, unless somebody else did since the scan.
  private func begin(_ tar: borrowing PlainTarball, _ directory: borrowing AnchoredDirectory)
    throws(MirrorError)
  {
    if let found = try CompressionMark(runMark, in: directory, probe: probe), let run = found.run,
      run.isUnderWay(now: now, patience: patience)
    {
      throw MirrorError(.busy, tar.subject, "is left alone: another run compresses it")
    }
    let ownership = Ownership(of: tar.status)
    // A dead run's `.cme.run` alone would be forgotten if this run failed.
    if try directory.status(of: mark) == nil {
      try DurableFile.write([], to: mark, in: directory, ownership, syncingDirectory: false)
    }
    try DurableFile.write(Array("\(OwnProgram.pid)\n".utf8), to: runMark, in: directory, ownership)
  }

  private func compress(
    _ tar: borrowing PlainTarball, _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Int64 {
    let output = try DurableFile(target, in: directory)
    let sink = FileSink(try output.duplicate(), subject: tar.subject)
    if settings.compression == .xz {
      var encoder = try XZEncoder(
        level: settings.level, threads: threads, into: sink, subject: tar.subject, cancellation: cancellation)
      try feed(tar, to: &encoder)
    } else {
      var encoder = try ArchiveEncoder(
        settings, threads: threads, into: sink, subject: tar.subject, cancellation: cancellation)
      try feed(tar, to: &encoder)
    }
    let subject = directory.displayed(target)
    try tar.checkUnchanged(in: directory)
    guard try isEqual(try output.reopened(), to: tar, subject: subject) else {
      throw MirrorError(
        .library, subject, "does not unpack to what was compressed; the .tar stays",
        remedy: "test this machine's memory")
    }
    try tar.checkUnchanged(in: directory)
    guard try directory.status(of: target) == nil else {
      throw MirrorError(
        .changed, subject, "appeared while \(tar.subject) was compressed", remedy: "run again")
    }
    try output.keepTime(tar.status.identity.mtime)
    return try output.commit(Ownership(of: tar.status)).size
  }

  private func feed(
    _ tar: borrowing PlainTarball, to encoder: inout some StreamEncoder & ~Copyable
  ) throws(MirrorError) {
    let buffer = ChunkBuffer(count: 1 << 18)
    var offset: Int64 = 0
    // A file that grows as fast as it is read would never end.
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

  /// The size of a compressed file that lies there already, if it holds what the `.tar` does.
  private func compareExisting(
    _ tar: borrowing PlainTarball, _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Int64 {
    let subject = directory.displayed(target)
    let file = try directory.file(MirrorPath(bytes: target.bytes))
    let status = try attempt("look at", subject) { () throws(Errno) in
      // Whoever wrote it may not have waited for the disk.
      try file.sync()
      return try file.status()
    }
    guard status.kind == .regular, try isEqual(file, to: tar, subject: subject) else {
      throw MirrorError(
        .invalid, tar.subject, "is not what \(subject) unpacks to; both stay",
        remedy: "remove the one that is wrong")
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
  /// Points to the compressed file instead, if the link still says what it said.
  func follow(_ compression: Compression, _ anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    let directory = try anchor.directory(path.parent)
    guard let status = try directory.status(of: path.name), status.kind == .link else { return }
    let target = MirrorPath(bytes: try directory.linkText(of: path.name))
    guard target.name == names else { return }
    if let found = try directory.status(of: newPath.name), found.kind != .link {
      throw MirrorError(
        .invalid, directory.displayed(newPath.name), "is no link, so \(path.name) cannot become it",
        remedy: "remove one of them")
    }
    try directory.replaceLink(
      newPath.name, to: target.compressed(compression).bytes, Ownership(of: status))
    if newPath != path { try directory.unlink(path.name) }
    try directory.sync()
  }
}
