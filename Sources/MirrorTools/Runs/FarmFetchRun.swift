import Hashing
package import LinuxSystem
import MirrorModel
import SystemPackage

/// Fetches files from the mirror of the master into that of a node, by their digests.
package struct FarmFetchRun {
  /// A file of the master.
  package struct File: Hashable, Codable, Sendable {
    /// Relative to the root of both mirrors.
    package let path: MirrorPath
    package let bytes: Int64
    /// In hexadecimal.
    let sha256: String

    package init(path: MirrorPath, bytes: Int64, sha256: String) {
      (self.path, self.bytes, self.sha256) = (path, bytes, sha256)
    }
  }

  private let run: MirrorRun
  private let master: FarmMaster
  private let files: [File]

  /// No other verb looks there, and no server has this name.
  private static let staging: MirrorPath = ".incoming/.fetched"

  /// - Parameter run: holds the lock of the node's mirror.
  package init(_ run: MirrorRun, from master: FarmMaster, _ files: [File]) {
    self.run = run
    self.master = master
    self.files = files
  }

  /// Fetches what is not there with the right digest; returns these files. A file appears with the right content, or not
  /// at all.
  ///
  /// - Throws: code `changed` if a file is not the one that the master named.
  package func apply() throws(MirrorError) -> [File] {
    if let unsafe = files.first(where: { !$0.path.isPlain || $0.path.components.contains(where: \.isHidden) })
    {
      throw MirrorError(
        .invalid, "\(unsafe.path)", "is not a path of a mirror", remedy: "check the master")
    }
    var missing: [File] = []
    for file in files where try !isThere(file) { missing.append(file) }
    guard !missing.isEmpty else { return [] }
    let root = try AnchoredDirectory(root: run.root, ownershipRules: try run.ownership())
    let staging = try root.makePath(Self.staging)
    try master.rsync(run.environment.progress, run.environment.cancellation).copy(
      missing.map(\.path), into: run.root.appending(Self.staging.description),
      bytes: missing.reduce(0) { $0 &+ $1.bytes })
    for (file, digests) in zip(missing, try checked(missing, staging)) {
      try place(file, digests, from: staging, in: root)
    }
    _ = try? UploadSweep(before: .max, cancellation: run.environment.cancellation).sweep(staging)
    return missing
  }

  private func isThere(_ file: File) throws(MirrorError) -> Bool {
    let path = run.root.appending(file.path.description)
    guard let status = try AnchoredDirectory(root: run.root).status(at: file.path), status.kind == .regular,
      status.size == file.bytes
    else { return false }
    return try hex(KnownDigest.sha256(of: path, root: run.root, catalog: run.catalog())) == file.sha256
  }

  /// The digests of fetched files.
  private func checked(
    _ files: [File], _ staging: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [DigestSet] {
    let requests = files.map {
      DigestRequest(path: $0.path, size: $0.bytes, device: 0, algorithms: [.sha256])
    }
    let results = try run.hasher.results(requests, as: "checking", in: Shared(try staging.duplicate()))
    var digests: [DigestSet] = []
    for (file, result) in zip(files, results) {
      let found = try result.get().digests
      guard hex(found[.sha256] ?? []) == file.sha256 else {
        try? staging.directory(file.path.parent).unlink(file.path.name)
        throw MirrorError(
          .changed, staging.displayed(file.path), "is not the file that the master named",
          remedy: "run again; if it happens again, \(run: .verify) there")
      }
      digests.append(found)
    }
    return digests
  }

  private func place(
    _ file: File, _ digests: DigestSet, from staging: borrowing AnchoredDirectory,
    in root: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    let name = file.path.name
    let source = try staging.directory(file.path.parent)
    let directory = try root.makePath(file.path.parent)
    let opened = try source.file(MirrorPath(bytes: name.bytes))
    try source.finish(opened, name, try directory.fileOwnership())
    try directory.take(name, from: source, as: name)
    try directory.sync()
    guard let status = try directory.status(of: name) else { return }
    let record = CatalogRecord(identity: status.identity, digests: digests, hashedAt: run.environment.now())
    // If it cannot be stored, it is computed again.
    try? run.catalog().update(storing: [(file.path, record)])
  }
}
