import Hashing
import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// Finished targets of earlier versions of a subarch.
struct EarlierOutputs {
  let target: String
  let context: BuildContext
  let anchor: Shared<AnchoredDirectory>
  /// The version that is built.
  let version: MirrorPath

  /// Older versions are not searched.
  private static let limit = 50

  /// A version, and what its target was made from.
  struct Found {
    let version: MirrorPath
    let record: InputRecord
  }

  /// Other versions of the subarch, the newest first.
  private func versions() throws(MirrorError) -> [MirrorPath] {
    let names = try anchor.value.directory(version.parent).entries().filter { $0.kind == .directory }
      .compactMap { entry in VersionDate(entry.name.bytes).map { (entry.name, $0) } }
      .filter { $0.0 != version.name }.sorted { $0.1 > $1.1 }
    return names.prefix(Self.limit).map { version.parent.appending($0.0) }
  }

  private func found(_ version: MirrorPath) -> Found? {
    InputRecord.read(target, of: version, in: anchor.value).map { Found(version: version, record: $0) }
  }

  /// The newest version that has a record of the target.
  func newest() throws(MirrorError) -> Found? { try versions().lazy.compactMap(found).first }

  /// The newest that was made from the same inputs, and whose files are all there.
  func made(from key: String) throws(MirrorError) -> Found? {
    for version in try versions() {
      guard let found = found(version), found.record.key == key, !found.record.files.isEmpty else { continue }
      if try isOffered(found), isThere(found) { return found }
    }
    return nil
  }

  /// Whether a version may be a source: a withdrawn one is not, and a candidate only of candidates.
  private func isOffered(_ found: Found) throws(MirrorError) -> Bool {
    guard try !has(.withdrawal, found.version) else { return false }
    guard try has(.candidacy, found.version) else { return true }
    return try has(.candidacy, version)
  }

  private func has(_ file: VersionFile, _ version: MirrorPath) throws(MirrorError) -> Bool {
    try anchor.value.status(at: version.file(file)) != nil
  }

  private func isThere(_ found: Found) -> Bool {
    found.record.files.allSatisfy { file in
      let path = found.version.appending(FileName(file.name))
      let notice = found.version.appending(FileName(file.name + SidecarKind.withdrawal.rawValue))
      guard let status = (try? anchor.value.status(at: path)) ?? nil,
        ((try? anchor.value.status(at: notice)) ?? nil) == nil
      else { return false }
      return status.kind == .regular && status.size == file.bytes
    }
  }

  /// Gives the files of an earlier target names in this version too, the tarball or image last, with their digests,
  /// lists of contents and documents.
  ///
  /// - Parameters:
  ///   - output: the name of the first file here.
  ///   - documents: makes the documents of the first file.
  /// - Returns: the files, in the order of the record; nil if one is damaged.
  func reuse(
    _ found: Found, as output: FileName, _ documents: ReusedDocuments, log: borrowing BuildLog
  ) throws -> [ImageFile]? {
    let source = try anchor.value.directory(found.version)
    guard let files = names(found, output) else { return nil }
    var digests: [[UInt8]] = []
    for file in files {
      let digest = try digest(file.old)
      guard hex(digest) == file.sha256 else {
        log.note("\(target): \(source.displayed(file.old.name)) is not what was made, so it is not used")
        return nil
      }
      digests.append(digest)
    }
    let directory = try anchor.value.makePath(version)
    let made = try documents.documents(of: files, from: source)
    var placed: [ImageFile] = []
    for (index, file) in files.enumerated().reversed() {
      let status = try place(file, digests[index], from: source, in: directory)
      if index == 0 {
        try StageDocuments.write(made, beside: file.new.name, in: directory, try directory.fileOwnership())
      }
      placed.append(ImageFile(path: file.new, size: status.size, sha256: file.sha256))
    }
    try directory.sync()
    return placed.reversed()
  }

  /// Places a file with its list of contents and its digests.
  private func place(
    _ file: ReusedDocuments.File, _ digest: [UInt8], from source: borrowing AnchoredDirectory,
    in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> FileStatus {
    let (old, new) = (file.old.name, file.new.name)
    try TarballOutput.removeSidecars(of: new, in: directory)
    let contents = context.layout.contents.rawValue
    if try source.status(of: old.appending(contents)) != nil {
      _ = try place(old.appending(contents), from: source, as: new.appending(contents), in: directory)
    }
    let status = try place(old, from: source, as: new, in: directory)
    var digests = DigestSet()
    digests[.sha256] = digest
    try FreshTarball.record(
      digests, of: file.new, status, in: directory, context.layout, catalog: context.catalog(),
      now: context.now())
    if let renewed = try source.status(of: old) {
      KnownDigest.renew(file.old, digest, renewed, catalog: context.catalog())
    }
    return status
  }

  /// The files of a target there and here; nil if they are not named alike.
  private func names(_ found: Found, _ output: FileName) -> [ReusedDocuments.File]? {
    guard let first = found.record.files.first, let (old, new) = stems(FileName(first.name), output) else {
      return nil
    }
    let files = found.record.files.filter { $0.name.hasPrefix(old) }.map { file in
      ReusedDocuments.File(
        old: found.version.appending(FileName(file.name)),
        new: version.appending(FileName(new + file.name.dropFirst(old.count))), sha256: file.sha256)
    }
    return files.count == found.record.files.count ? files : nil
  }

  /// What the names of the files of both versions begin with.
  private func stems(_ old: FileName, _ new: FileName) -> (String, String)? {
    guard let before = TarballName(old, .builtIn), let after = TarballName(new, .builtIn),
      before.suffix == after.suffix, let one = before.stem.text, let two = after.stem.text
    else { return nil }
    return (one, two)
  }

  private func digest(_ path: MirrorPath) throws(MirrorError) -> [UInt8] {
    let root = anchor.value.root
    return try KnownDigest.sha256(of: root.appending("\(path)"), root: root, catalog: context.catalog())
  }

  /// A second name of the same file, or a copy where there can be none.
  private func place(
    _ name: FileName, from source: borrowing AnchoredDirectory, as own: FileName,
    in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> FileStatus {
    let subject = directory.displayed(own)
    try directory.unlink(own)
    if try directory.link(name, from: source, as: own) {
      let file = try directory.file(MirrorPath(bytes: own.bytes))
      return try attempt("examine", subject) { () throws(Errno) in try file.status() }
    }
    var copy = try DurableFile(own, in: directory)
    try copy.append(sparse: try source.file(MirrorPath(bytes: name.bytes)), source.displayed(name))
    return try copy.commit(try directory.fileOwnership())
  }
}
