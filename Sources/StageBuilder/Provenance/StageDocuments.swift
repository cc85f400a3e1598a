import Hashing
import LinuxSystem
import MirrorModel
import MirrorTools

/// Makes the documents of a stage or an image, and writes them beside it.
struct StageDocuments {
  /// A document and its content.
  typealias Document = (kind: SidecarKind, bytes: [UInt8])

  let provenance: BuildProvenance?
  let settings: DocumentSettings
  /// Seconds since the epoch.
  let epoch: Int64
  let now: @Sendable () -> Int64

  /// The documents of a stage whose tree is still there.
  ///
  /// - Parameters:
  ///   - path: of the tarball, in the mirror.
  ///   - trees: where the package tree may be in the root.
  func documents(
    of path: MirrorPath, sha256: String, root: borrowing AnchoredDirectory, trees: [MirrorPath],
    log: borrowing BuildLog
  ) throws -> [Document] {
    var documents: [Document] = []
    if !settings.bills.isEmpty {
      let bill = BillOfMaterials(
        inventory: try PackageInventory.read(root, tree: trees),
        subject: (path.name.description, sha256), epoch: epoch)
      for format in settings.bills { documents.append((format.sidecar, try bill.document(format))) }
    }
    return try documents + statement([(path, sha256)], documents, log: log)
  }

  /// The documents of an image: those of its stage under its name and with its digest.
  ///
  /// - Parameters:
  ///   - files: the image first.
  ///   - stage: the name of the stage, its directory, and its SHA-256.
  func documents(
    of files: [(path: MirrorPath, sha256: String)], like stage: (name: FileName, sha256: String),
    in directory: borrowing AnchoredDirectory, log: borrowing BuildLog
  ) throws -> [Document] {
    guard let image = files.first else { return [] }
    var documents: [Document] = []
    for kind in settings.bills.map(\.sidecar) {
      let name = MirrorPath(bytes: stage.name.appending(kind.rawValue).bytes)
      guard let bytes = try directory.contents(of: name, limit: DocumentDigests.limit),
        DocumentDigests.digests(bytes, kind, of: stage.name).map({ $0[.sha256].map(hex) == stage.sha256 })
          ?? false
      else { continue }
      documents.append(
        (
          kind,
          DocumentCopy.readdressed(
            bytes, from: (stage.name.description, stage.sha256),
            to: (image.path.name.description, image.sha256))
        ))
    }
    return try documents + statement(files, documents, log: log)
  }

  private func statement(
    _ files: [(path: MirrorPath, sha256: String)], _ bills: [Document], log: borrowing BuildLog
  ) throws -> [Document] {
    guard let provenance, let name = files.first?.path.name else { return [] }
    let named = try bills.map { bill in
      (
        name: name.appending(bill.kind.rawValue).description,
        sha256: hex(try OpenSSLDigest.sha256(of: bill.bytes))
      )
    }
    return [
      (.provenance, try provenance.statement(about: files, bills: named, finished: now(), log: log))
    ]
  }

  /// Writes documents beside a file that is in its place. The caller syncs the directory.
  static func write(
    _ documents: [Document], beside name: FileName, in directory: borrowing AnchoredDirectory,
    _ ownership: Ownership
  ) throws(MirrorError) {
    for document in documents {
      try DurableFile.write(
        document.bytes, to: name.appending(document.kind.rawValue), in: directory, ownership,
        syncingDirectory: false)
    }
  }
}
