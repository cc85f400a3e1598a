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

  /// The versions that have a record of the target, the newest first.
  func all() throws(MirrorError) -> [Found] {
    let names = try anchor.value.directory(version.parent).entries().filter { $0.kind == .directory }
      .compactMap { entry in VersionDate(entry.name.bytes).map { (entry.name, $0) } }
      .filter { $0.0 != version.name }.sorted { $0.1 > $1.1 }
    return names.prefix(Self.limit).compactMap { name, _ in
      let other = version.parent.appending(name)
      return InputRecord.read(target, of: other, in: anchor.value).map { Found(version: other, record: $0) }
    }
  }

  /// The newest that was made from the same inputs, and whose files are all there.
  func made(from key: String) throws(MirrorError) -> Found? {
    for found in try all() where found.record.key == key && !found.record.files.isEmpty {
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

  /// Gives the files of an earlier target names in this version too, the tarball or image last, with their digests and
  /// lists of contents.
  ///
  /// - Parameter output: the name of the first file here.
  /// - Returns: the files, in the order of the record; nil if one is damaged.
  func reuse(_ found: Found, as output: FileName, log: borrowing BuildLog) throws(MirrorError) -> [ImageFile]?
  {
    let source = try anchor.value.directory(found.version)
    guard let first = found.record.files.first,
      let (old, new) = stems(FileName(first.name), output)
    else { return nil }
    var known: [String: [UInt8]] = [:]
    for file in found.record.files {
      let digest = try digest(file, found)
      guard hex(digest) == file.sha256, file.name.hasPrefix(old) else {
        log.note(
          "\(target): \(source.displayed(FileName(file.name))) is not what was made, so it is not used")
        return nil
      }
      known[file.name] = digest
    }
    let directory = try anchor.value.makePath(version)
    var files: [ImageFile] = []
    for file in found.record.files.reversed() {
      let name = FileName(file.name)
      let own = FileName(new + file.name.dropFirst(old.count))
      try TarballOutput.removeSidecars(of: own, in: directory)
      let contents = context.layout.contents.rawValue
      if try source.status(of: name.appending(contents)) != nil {
        _ = try place(name.appending(contents), from: source, as: own.appending(contents), in: directory)
      }
      let status = try place(name, from: source, as: own, in: directory)
      try copyDocuments(of: name, from: source, as: own, in: directory, file.sha256)
      var digests = DigestSet()
      digests[.sha256] = known[file.name]
      let path = version.appending(own)
      try FreshTarball.record(
        digests, of: path, status, in: directory, context.layout, catalog: context.catalog(),
        now: context.now())
      if let digest = digests[.sha256], let renewed = try source.status(of: name) {
        KnownDigest.renew(found.version.appending(name), digest, renewed, catalog: context.catalog())
      }
      files.append(ImageFile(path: path, size: status.size, sha256: file.sha256))
    }
    try directory.sync()
    return files.reversed()
  }

  /// Copies the documents of a file under the names of its second one. Its provenance is that of the build that made it.
  private func copyDocuments(
    of name: FileName, from source: borrowing AnchoredDirectory, as own: FileName,
    in directory: borrowing AnchoredDirectory, _ sha256: String
  ) throws(MirrorError) {
    for kind in SidecarKind.documents {
      let path = MirrorPath(bytes: name.appending(kind.rawValue).bytes)
      guard try source.status(of: name.appending(kind.rawValue)) != nil,
        let bytes = try source.contents(of: path, limit: DocumentDigests.limit)
      else { continue }
      let moved = DocumentCopy.readdressed(
        bytes, from: (source.path.appending(name).description, sha256),
        to: (directory.path.appending(own).description, sha256))
      let copy = DocumentCopy.readdressed(
        moved, from: (name.description, sha256), to: (own.description, sha256))
      try StageDocuments.write([(kind, copy)], beside: own, in: directory, try directory.fileOwnership())
    }
  }

  /// What the names of the files of both versions begin with.
  private func stems(_ old: FileName, _ new: FileName) -> (String, String)? {
    guard let before = TarballName(old, .builtIn), let after = TarballName(new, .builtIn),
      before.suffix == after.suffix, let one = before.stem.text, let two = after.stem.text
    else { return nil }
    return (one, two)
  }

  private func digest(_ file: InputRecord.File, _ found: Found) throws(MirrorError) -> [UInt8] {
    let path = anchor.value.root.appending("\(found.version)").appending(file.name)
    return try KnownDigest.sha256(of: path, root: anchor.value.root, catalog: context.catalog())
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
