import Hashing
import MirrorModel
import LinuxSystem

/// Writes the requested sidecars of one folder besides `.hash.txt`.
///
/// Lines about other files than the folder's tarballs are kept, so that files made by others lose nothing.
struct ManifestWriter: ~Copyable {
  private let directory: AnchoredDirectory
  private let records: [MirrorPath: CatalogRecord]
  private let layout: MirrorLayout
  private let kinds: ArtifactKinds
  /// Called with signatures that are not valid any more.
  private let dropped: (FileName) -> Void

  private static let limit = 64 << 20

  init(
    directory: borrowing AnchoredDirectory, records: [MirrorPath: CatalogRecord],
    layout: MirrorLayout, kinds: ArtifactKinds, dropped: @escaping (FileName) -> Void = { _ in }
  ) throws(MirrorError) {
    self.directory = try directory.duplicate()
    self.records = records
    self.layout = layout
    self.kinds = kinds
    self.dropped = dropped
  }

  /// Updates the `.DIGESTS` of these tarballs; returns the names of changed files.
  func writeDigests(of tarballs: [FileName]) throws(MirrorError) -> [FileName] {
    var changed: [FileName] = []
    for tarball in tarballs {
      guard let status = try directory.status(of: tarball), let record = record(of: tarball, status) else {
        continue
      }
      let sidecar = tarball.appending(SidecarKind.digests.rawValue)
      let text = SidecarText.canList(tarball) ? try digests(of: tarball, record.digests) : []
      if layout.signsInPlace(.digests), try existing(sidecar).map({ Self.says($0, text) }) ?? false {
        continue
      }
      if try replace(sidecar, with: text) { changed.append(sidecar) }
    }
    return changed
  }

  /// The text of a `.DIGESTS`. On Gentoo's mirrors, it has SHA-512 and BLAKE2b of the tarball and of the list of its
  /// contents.
  private func digests(of tarball: FileName, _ digests: DigestSet) throws(MirrorError) -> [UInt8] {
    guard layout.signsInPlace(.digests) else { return SidecarText.digests(tarball, digests) }
    let algorithms: [DigestAlgorithm] = [.sha512, .blake2b]
    var text = algorithms.flatMap { algorithm in
      digests[algorithm].map { SidecarText.digest(tarball, algorithm, $0) } ?? []
    }
    let contents = tarball.appending(layout.contents.rawValue)
    guard let status = try directory.status(of: contents), status.kind == .regular else { return text }
    let known = try knownDigests(
      of: contents, status.identity, in: tarball.appending(SidecarKind.digests.rawValue))
    for algorithm in algorithms {
      var digest = known[algorithm]
      if digest == nil {
        let file = try directory.file(MirrorPath(bytes: contents.bytes))
        digest = try OpenSSLDigest.digest(
          algorithm, of: file, size: status.size, directory.displayed(contents))
      }
      if let digest { text += SidecarText.digest(contents, algorithm, digest) }
    }
    return text
  }

  /// The digests of a list of contents in a file that is newer.
  private func knownDigests(
    of contents: FileName, _ identity: FileIdentity, in sidecar: FileName
  ) throws(MirrorError) -> DigestSet {
    guard let status = try directory.status(of: sidecar), status.kind == .regular,
      identity.isOlder(than: status.identity.mtime), identity.ctime <= status.identity.ctime,
      let text = try existing(sidecar)
    else { return DigestSet() }
    return SidecarText.parseAll(ClearText.body(of: text)).filter { $0.file == contents }
      .reduce(DigestSet()) { $0.merging($1.digests) }
  }

  /// Whether an existing file, with or without a signature, has the digests of a text, in any order.
  private static func says(_ existing: [UInt8], _ text: [UInt8]) -> Bool {
    func digests(_ text: [UInt8]) -> [FileName?: DigestSet] {
      SidecarText.parseAll(text).reduce(into: [:]) { found, claim in
        found[claim.file] = (found[claim.file] ?? DigestSet()).merging(claim.digests)
      }
    }
    return !text.isEmpty && digests(ClearText.body(of: existing)) == digests(text)
  }

  /// Updates the files that list all tarballs; returns the names of changed files.
  ///
  /// - Parameter signatures: names to omit from a Manifest, even if they do not exist yet.
  func writeManifests(_ kinds: [ManifestKind], signatures: [FileName]) throws(MirrorError) -> [FileName] {
    var changed: [FileName] = []
    for kind in kinds {
      var text = try text(of: kind, signatures)
      if try existing(kind.fileName) != text, try dropSignatures(of: kind.fileName) {
        text = try self.text(of: kind, signatures)
      }
      if try replace(kind.fileName, with: text) { changed.append(kind.fileName) }
    }
    return changed
  }

  private func text(of kind: ManifestKind, _ signatures: [FileName]) throws(MirrorError) -> [UInt8] {
    // Listed again for each kind: a Manifest contains the files written just before it.
    // GLEP 74 requires every name in the tree, except hidden ones and the Manifest itself.
    let entries = try directory.entries().sorted { $0.name < $1.name }
    var text: [UInt8] = []
    var known = Set<FileName>()
    var unknown = Set<FileName>()
    for entry in entries where entry.kind == .regular && kinds.includes(entry.name) {
      guard let status = try directory.status(of: entry.name) else { continue }
      guard let record = record(of: entry.name, status) else {
        unknown.insert(entry.name)
        continue
      }
      known.insert(entry.name)
      text += lines(kind, entry.name, record.digests, status.size)
    }
    text = try kept(of: kind, unknown) + text
    if kind == .manifest {
      let names = Set(entries.map(\.name)).union(signatures).subtracting(known).subtracting(unknown)
      text += names.sorted().filter { !$0.isHidden && $0 != kind.fileName }.flatMap(SidecarText.ignore)
    }
    return text
  }

  /// Removes the lines of tarballs that are about to be deleted from the manifests of a directory.
  static func forget(
    _ tarballs: Set<FileName>, in directory: borrowing AnchoredDirectory, _ layout: MirrorLayout,
    _ kinds: ArtifactKinds
  ) throws(MirrorError) {
    let writer = try ManifestWriter(directory: directory, records: [:], layout: layout, kinds: kinds)
    for kind in ManifestKind.allCases {
      guard let text = try writer.existing(kind.fileName) else { continue }
      let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      let kept = lines.filter { line in
        SidecarText.parse(line, algorithm: kind.algorithm)?.file.map { !tarballs.contains($0) } ?? true
      }
      _ = try writer.replace(kind.fileName, with: Array(kept.joined(separator: [UInt8(ascii: "\n")])))
    }
  }

  private func record(of name: FileName, _ status: FileStatus) -> CatalogRecord? {
    let record = records[directory.path.appending(name)]
    return record.flatMap { status.identity.isSameFile(as: $0.identity) && $0.fault == nil ? $0 : nil }
  }

  /// Lines of an existing file to keep: those about other files, or about tarballs whose digests are not
  /// known now.
  private func kept(of kind: ManifestKind, _ unknown: Set<FileName>) throws(MirrorError) -> [UInt8] {
    let existing = try existing(kind.fileName) ?? []
    return existing.split(separator: UInt8(ascii: "\n")).filter { line in
      if kind == .manifest, line.starts(with: "IGNORE ".utf8) { return false }
      guard let name = SidecarText.parse(line, algorithm: kind.algorithm)?.file, kinds.includes(name)
      else {
        return true
      }
      return unknown.contains(name)
    }.flatMap { $0 + [UInt8(ascii: "\n")] }
  }

  private func lines(
    _ kind: ManifestKind, _ name: FileName, _ digests: DigestSet, _ size: Int64
  ) -> [UInt8] {
    guard kind == .manifest || SidecarText.canList(name) else { return [] }
    return switch kind {
    case .sha256Sums, .sha512Sums, .blake2bSums:
      kind.algorithm.flatMap { digests[$0] }.map { SidecarText.sum(name, $0) } ?? []
    case .bsdTags: SidecarText.tags(name, digests)
    case .manifest: SidecarText.data(name, size: size, digests)
    }
  }

  /// The text of a file; nil if it does not exist, or there is a link in its place, which is replaced.
  private func existing(_ name: FileName) throws(MirrorError) -> [UInt8]? {
    guard try directory.status(of: name)?.kind != .link else { return nil }
    return try directory.contents(of: MirrorPath(bytes: name.bytes), limit: Self.limit)
  }

  /// Removes the signatures of a file that is about to change; returns whether there were any.
  private func dropSignatures(of name: FileName) throws(MirrorError) -> Bool {
    let names = try SignatureFiles.drop(of: name, in: directory)
    names.forEach(dropped)
    return !names.isEmpty
  }

  private func replace(_ name: FileName, with text: [UInt8]) throws(MirrorError) -> Bool {
    let existing = try existing(name)
    guard existing != text else { return false }
    if text.isEmpty && existing == nil { return false }
    _ = try dropSignatures(of: name)
    if text.isEmpty {
      try directory.unlink(name)
      try directory.sync()
      return true
    }
    // Owner and mode of the folder, without execute permission.
    try DurableFile.write(text, to: name, in: directory, Ownership(of: try directory.status()))
    return true
  }
}
