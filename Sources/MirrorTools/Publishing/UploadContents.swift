import MirrorModel
import Hashing
import LinuxSystem
import SystemPackage

/// Reads the accepted files of an upload, and checks their content.
struct UploadContents {
  let manifest: UploadManifest
  /// Directory of the upload, relative to the root of the mirror.
  let place: MirrorPath
  let layout: MirrorLayout
  let rule: ReceiveRules.Rule
  let catalog: Catalog
  let hasher: FileHasher
  /// The key of the server; nil if there is none.
  let signing: SigningSettings?

  /// A file of the manifest, with its location.
  private struct Located {
    let file: UploadManifest.File
    let kind: UploadKind
    let status: FileStatus
    /// Its path: in the upload, or in its place already.
    let source: MirrorPath
    var path: MirrorPath { file.path.path }
    var isInPlace: Bool { source == path }
  }

  /// Hashes every file that is not refused, and refuses files that contradict others.
  ///
  /// - Throws: `changed` if a file is missing or does not match the manifest. A wrong file is removed, so
  ///   that it is sent again.
  func checked(
    _ anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals
  ) throws(MirrorError) -> [ReceivedUpload.File] {
    let located = try locate(anchor, refusals)
    var texts = UploadTexts(manifest.server, hasher.kinds)
    for file in located where !file.isInPlace {
      texts.read(file.path, file.kind, at: file.source, in: anchor, &refusals)
    }
    var work = UploadHashing(catalog)
    for file in located {
      try work.add(
        file.source, as: .uploaded(file.path), file.status, texts.algorithms[file.path] ?? [])
      guard !file.isInPlace, let there = try anchor.status(at: file.path) else { continue }
      if there.kind != .regular {
        refusals.drop(file.path, fault(file.path, "is not a regular file here", "move it away", anchor))
      } else if isReleased(file) {
        try work.add(file.path, as: .there(file.path), there, [])
      }
    }
    let ours = Set(located.map(\.path))
    for (path, algorithms) in texts.algorithms where !ours.contains(path) {
      guard let there = try anchor.status(at: path), there.kind == .regular else { continue }
      try work.add(path, as: .there(path), there, algorithms)
    }
    let sums = try work.sums(hasher, in: Shared(try AnchoredDirectory(root: anchor.root)))
    let company = company(of: located)
    var files: [ReceivedUpload.File] = []
    for file in located {
      guard let sum = sums[.uploaded(file.path)] else { continue }
      try check(file, sum, anchor)
      let there = sums[.there(file.path)]
      let isOther = there.map { $0.digests[.sha256] != sum.digests[.sha256] } ?? false
      if isOther { refuseOther(file, company, anchor, &refusals) }
      files.append(
        .init(
          path: file.path, kind: file.kind, digests: sum.digests, fault: sum.fault, identity: sum.identity,
          isInPlace: file.isInPlace, isReplacement: isOther))
    }
    files.removeAll { refusals.keepsOut($0.path) }
    var known: [MirrorPath: DigestResult] = [:]
    for case (.there(let path), let sum) in sums { known[path] = sum }
    for file in files { known[file.path] = sums[.uploaded(file.path)] }
    try texts.judge(files, known, anchor, &refusals)
    files.removeAll { refusals.keepsOut($0.path) }
    var signatures = UploadSignatures(
      server: manifest.server, place: place, signing, hasher.cancellation)
    try signatures.judge(files, anchor, &refusals)
    files.removeAll { refusals.keepsOut($0.path) }
    return files
  }

  /// Whether a file, once released, is kept as it is: tarballs, their lists of names and documents, and all files of
  /// snapshots.
  private func isReleased(_ file: Located) -> Bool {
    if file.path.subarch == nil { return true }
    switch file.kind {
    case .tarball, .contents, .document: return true
    case .digests, .manifest, .signature, .record: return false
    }
  }

  private func locate(
    _ anchor: borrowing AnchoredDirectory, _ refusals: UploadRefusals
  ) throws(MirrorError) -> [Located] {
    var located: [Located] = []
    for file in manifest.files where !refusals.keepsOut(file.path.path) {
      let path = file.path.path
      guard let kind = UploadKind(path, hasher.kinds, in: layout) else { continue }
      let waiting = try anchor.status(at: place.joined(path))
      if let waiting, waiting.kind != .regular { throw try refuse(path, "is not a regular file", anchor) }
      if let waiting, waiting.links > 1, try waiting.links > 1 + names(of: waiting, at: path, anchor) {
        throw try refuse(path, "has several names (hard links)", anchor)
      }
      if let waiting, waiting.size != file.size { throw try refuse(path, "has the wrong size", anchor) }
      if let waiting, waiting.allocated < waiting.size, try isSparse(place.joined(path), anchor) {
        throw try refuse(path, "is a sparse file", anchor)
      }
      var found = waiting
      if found == nil { found = try anchor.status(at: path) }
      guard let found, found.kind == .regular, found.size == file.size else {
        throw hasNotArrived(path, anchor)
      }
      located.append(
        Located(
          file: file, kind: kind, status: found, source: waiting == nil ? path : place.joined(path)))
    }
    return located
  }

  /// The number of names that a killed run gave to a waiting file where it belongs.
  private func names(
    of waiting: FileStatus, at path: MirrorPath, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> UInt32 {
    guard try anchor.status(at: path.parent)?.kind == .directory else { return 0 }
    let directory = try anchor.directory(path.parent)
    var count: UInt32 = 0
    for entry in try directory.entries() where entry.name == path.name || TemporaryName.matches(entry.name) {
      if try directory.status(of: entry.name)?.identity.isNode(waiting.identity) == true { count += 1 }
    }
    return count
  }

  /// Whether a file has holes, and so may claim any size; a compressed file system stores less without holes.
  private func isSparse(
    _ path: MirrorPath, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Bool {
    let file = try anchor.file(path)
    return try attempt("examine", anchor.displayed(path)) { () throws(Errno) in
      try file.hole(from: 0) < file.status().size
    }
  }

  /// - Throws: if a file does not match the manifest.
  private func check(
    _ file: Located, _ sum: DigestResult, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    guard hex(sum.digests[.sha256] ?? []) != file.file.sha256 else { return }
    if file.isInPlace { throw hasNotArrived(file.path, anchor) }
    throw try refuse(file.path, "does not match its digest", anchor)
  }

  /// The sidecars of each tarball, and their signatures.
  private func company(of files: [Located]) -> [MirrorPath: [MirrorPath]] {
    let described = files.lazy.map(\.path).compactMap { path -> (tarball: MirrorPath, path: MirrorPath)? in
      let kinds = hasher.kinds
      let parsed =
        SidecarKind.parse(path.name, kinds)
        ?? SignatureFormat.parse(path.name).flatMap { SidecarKind.parse($0.file, kinds) }
      return parsed.map { (path.parent.appending($0.tarball), path) }
    }
    return Dictionary(grouping: described, by: \.tarball).mapValues { $0.map(\.path) }
  }

  /// Refuses a file that would replace a released one.
  private func refuseOther(
    _ file: Located, _ company: [MirrorPath: [MirrorPath]], _ anchor: borrowing AnchoredDirectory,
    _ refusals: inout UploadRefusals
  ) {
    let server = manifest.server
    guard file.path.subarch == nil else {
      if rule.replaces { return }
      // Part of a rebuilt version does not fit the rest of it.
      return refusals.hold(
        file.path.parent,
        fault(
          file.path, "\(server) uploaded different content for this file: its version is not received",
          "set replace: yes in [section receive/\(server)], or use another date", anchor))
    }
    refusals.drop(
      file.path,
      fault(
        file.path, "a different file of that name exists here: not received from \(server)",
        "remove it here to use the one from \(server)", anchor))
    guard file.kind == .tarball else { return }
    for path in company[file.path] ?? [] { refusals.drop(path) }
  }

  private func hasNotArrived(_ path: MirrorPath, _ anchor: borrowing AnchoredDirectory) -> MirrorError {
    MirrorError(
      .changed, anchor.displayed(place.joined(path)), "has not arrived", remedy: "publish there again")
  }

  /// Removes a wrong file, and returns the error.
  private func refuse(
    _ path: MirrorPath, _ problem: String, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> MirrorError {
    let full = place.joined(path)
    let directory = try anchor.directory(full.parent)
    // Directories are kept, since their content is unknown.
    try? directory.unlink(full.name)
    return MirrorError(
      .changed, anchor.displayed(full), "\(problem); it was removed, and nothing was received",
      remedy: "publish there again")
  }

  private func fault(
    _ path: MirrorPath, _ problem: String, _ remedy: String, _ anchor: borrowing AnchoredDirectory
  ) -> MirrorError {
    MirrorError(.invalid, anchor.displayed(path), problem, remedy: remedy)
  }
}
