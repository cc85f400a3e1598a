import Hashing
import LinuxSystem
import MirrorModel
import MirrorTools
import StageTrees
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
      guard let (name, status) = present(file, of: found.version) else { return false }
      let notice = found.version.appending(name.appending(SidecarKind.withdrawal.rawValue))
      return ((try? anchor.value.status(at: notice)) ?? nil) == nil
        && (status.size == file.bytes || name != FileName(file.name))
    }
  }

  /// A file of an earlier target, or what it was compressed to since.
  private func present(
    _ file: InputRecord.File, of version: MirrorPath
  ) -> (name: FileName, status: FileStatus)? {
    let name = FileName(file.name)
    let tarball = TarballName(name, .builtIn)
    let isPlain = tarball.map { $0.format.isTarball && $0.compression == nil } ?? false
    let names =
      [name] + (isPlain ? Compression.allCases.map { name.dropping(last: 4).appending($0.suffix) } : [])
    for name in names {
      if let status = (try? anchor.value.status(at: version.appending(name))) ?? nil, status.kind == .regular
      {
        return (name, status)
      }
    }
    return nil
  }

  /// The files of an earlier target with their SHA-256; nil if one is not what was made.
  private func intact(
    _ found: Found, log: borrowing BuildLog
  ) throws -> [(name: FileName, digest: [UInt8])]? {
    var files: [(name: FileName, digest: [UInt8])] = []
    for file in found.record.files {
      guard let (name, _) = present(file, of: found.version) else { return nil }
      let path = anchor.value.root.appending("\(found.version)").appending("\(name)")
      let digest = try KnownDigest.sha256(of: path, root: anchor.value.root, catalog: context.catalog())
      let isSame =
        try name == FileName(file.name) ? hex(digest) == file.sha256 : archiveDigest(path) == file.sha256
      guard isSame else {
        log.note("\(target): \(path) is not what was made, so it is not used")
        return nil
      }
      files.append((name, digest))
    }
    return files
  }

  /// The SHA-256 of what was compressed.
  private func archiveDigest(_ tarball: FilePath) throws(MirrorError) -> String? {
    let null = try attempt("open", "/dev/null") { () throws(Errno) in try Descriptor(writing: "/dev/null") }
    let report = try Recompression(nil, threads: context.jobs, cancellation: context.cancellation)
      .run(tarball, into: null)
    return report.digests[.sha256].map(hex)
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
    guard let intact = try intact(found, log: log), let files = names(intact, of: found.version, output)
    else {
      return nil
    }
    let directory = try anchor.value.makePath(version)
    let made = try documents.documents(of: files, from: source)
    return try TarballOutput.completing(output, in: directory) {
      var placed: [ImageFile] = []
      for (index, file) in files.enumerated().reversed() {
        let status = try place(file, intact[index].digest, from: source, in: directory)
        if index == 0 {
          try StageDocuments.write(made, beside: file.new.name, in: directory, try directory.fileOwnership())
        }
        placed.append(ImageFile(path: file.new, size: status.size, sha256: file.sha256))
      }
      return placed.reversed()
    }
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
    guard TarballName(new, .builtIn)?.suffix != TarballOutput.plainSuffix else {
      try DurableFile.write([], to: new.appending(".cme"), in: directory, try directory.fileOwnership())
      return status
    }
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
  private func names(
    _ intact: [(name: FileName, digest: [UInt8])], of earlier: MirrorPath, _ output: FileName
  ) -> [ReusedDocuments.File]? {
    guard let first = intact.first, let (old, new) = stems(first.name, output) else { return nil }
    let files = intact.compactMap { file -> ReusedDocuments.File? in
      guard let name = file.name.text, name.hasPrefix(old) else { return nil }
      return ReusedDocuments.File(
        old: earlier.appending(file.name),
        new: version.appending(FileName(new + name.dropFirst(old.count))), sha256: hex(file.digest))
    }
    return files.count == intact.count ? files : nil
  }

  /// What the names of the files of both versions begin with.
  private func stems(_ old: FileName, _ new: FileName) -> (String, String)? {
    guard let before = TarballName(old, .builtIn), let after = TarballName(new, .builtIn),
      before.suffix == after.suffix || before.suffix == TarballOutput.plainSuffix, let one = before.stem.text,
      let two = after.stem.text
    else { return nil }
    return (one, two)
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
