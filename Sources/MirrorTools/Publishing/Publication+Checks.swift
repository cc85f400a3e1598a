import MirrorModel
import LinuxSystem

/// What keeps something from being published.
extension Publication {
  /// Where builds are made or received nothing is removed from outside: that may be this very mirror.
  func checkPlace(_ remote: RemoteListing) throws(MirrorError) {
    let control = remote.nodes.keys.first { path in
      if case .control = path.place { true } else { false }
    }
    guard destination.deletes, !destination.isStaged, let control else { return }
    throw MirrorError(
      .refused, destination.subject, "somebody works on the mirror there (\(control)), and delete is yes",
      remedy: "publish to another directory, or write delete: no")
  }

  /// Neither a tarball that is known to be corrupt nor one beside digests of the one before it is published.
  func checkSound(_ sent: [LocalEntry], _ local: LocalListing) throws(MirrorError) {
    let corrupt = Set(try catalog.corrupt(in: mirror))
    let known = local.byPath
    for entry in sent where TarballName(entry.path.name) != nil {
      func refusal(_ problem: String, _ remedy: Remedy) -> MirrorError {
        MirrorError(
          .refused, mirror.displayed(entry.path), "\(problem), so that nothing is published", remedy: remedy)
      }
      if corrupt.contains(entry.path) {
        throw refusal("is known to be corrupt", "restore it, or remove its version and \(run: .index)")
      }
      let sidecar = known[entry.path.parent.appending(HashTextFile.name(of: entry.path.name))]
      if let digested = sidecar?.identity, let identity = entry.identity, digested.isOlder(than: identity),
        try !isDescribed(entry.path, identity)
      {
        throw refusal("is newer than its digests", "\(run: .refresh)")
      }
    }
  }

  /// Whether an older `.hash.txt` tells the digest of a tarball all the same: somebody touched it, and it was read
  /// since.
  private func isDescribed(_ path: MirrorPath, _ identity: FileIdentity) throws(MirrorError) -> Bool {
    guard let record = try catalog.record(of: path), identity.isSameFile(as: record.identity),
      let digest = record.digests[.sha256]
    else { return false }
    let directory = try AnchoredDirectory(root: mirror.root).directory(path.parent)
    return try HashTextFile.digests(of: path.name, in: directory)?[.sha256] == digest
  }

  /// An index that names what is neither sent nor there is not sent either.
  ///
  /// - Throws: `refused` where that cannot be right; what is held is only left as it is there.
  func checkIndexes(_ survey: inout PublishSurvey) throws(MirrorError) {
    let local = survey.local
    let indexes = local.entries.filter {
      [.index, .page].contains($0.role) && IndexReferences.areIn($0.path)
    }
    // One that is held goes on naming what it names.
    if let held = local.held.sorted().first(where: { IndexReferences.areIn($0) }) {
      withhold(&survey, "\(held) is left there as it is")
    }
    guard !indexes.isEmpty else { return }
    let anchor = try AnchoredDirectory(root: mirror.root)
    let known = local.byPath
    let lookup = try DigestLookup(mirror, catalog: catalog)
    let tarballs = Dictionary(mirror.folders.flatMap(\.tarballs).map { ($0.path, $0) }) { first, _ in first }
    // Several name the same.
    var checked = Set<IndexReferences.Reference>()
    for index in indexes {
      let bytes = try anchor.contents(of: index.path, limit: 256 << 20) ?? []
      let name = "\(mirror.displayed(index.path))"
      func refusal(_ problem: String, _ remedy: Remedy) -> MirrorError {
        MirrorError(.refused, name, "\(problem), so that nothing is published", remedy: remedy)
      }
      guard let content = IndexReferences(bytes, at: index.path) else {
        throw refusal("is no well-formed XML", "\(run: .index)")
      }
      for reference in content.references where checked.insert(reference).inserted {
        if local.holds(reference.path) {
          if !isThere(reference, survey) {
            withhold(&survey, "\(index.path) names \(reference.path), which is not there as the index says")
          }
          continue
        }
        guard let file = known[reference.path] else {
          if let exclusion = local.excluded[reference.path] {
            throw refusal(
              "names \(reference.path), which `exclude: \(exclusion)` of publish/\(destination.name) leaves out",
              "change exclude, or what the index names")
          }
          throw refusal("names \(reference.path), which is not there", "\(run: .index)")
        }
        if let size = reference.size, case .file = file.node, size != file.node.size {
          throw refusal(
            "tells another size of \(reference.path)", "\(run: .refresh)")
        }
        if let told = reference.sha256, let tarball = tarballs[reference.path],
          let digest = lookup(tarball)["sha256"], told != digest
        {
          throw refusal("tells another digest of \(reference.path)", "\(run: .index)")
        }
      }
    }
  }

  /// Whether a file there is the one that an index names, as far as is known.
  private func isThere(_ reference: IndexReferences.Reference, _ survey: PublishSurvey) -> Bool {
    guard case .file(let size, _) = survey.remote.nodes[reference.path], size == reference.size ?? size else {
      return false
    }
    guard let told = reference.sha256, let sent = survey.planner.knowledge.record?.files[reference.path]
    else { return true }
    return hex(sent.sha256) == told
  }

  /// Leaves the indexes there as they are, and so what they name.
  private func withhold(_ survey: inout PublishSurvey, _ reason: String) {
    if !survey.isWithheld {
      survey.report.problems.append(
        MirrorError(
          .invalid, destination.subject,
          "\(reason): pages and indexes are not sent, and nothing is deleted there",
          remedy: "repair what is reported above, and run again"))
    }
    survey.isWithheld = true
    survey.plan.withholdIndexes()
  }

  /// Throws if any of these is not what was planned.
  func checkUnchanged(_ entries: [LocalEntry]) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: mirror.root)
    for entry in entries {
      guard let identity = entry.identity else { continue }
      let status = try anchor.status(at: entry.path)
      guard status?.identity == identity else {
        throw MirrorError(
          .changed, anchor.displayed(entry.path), "changed while it was published", remedy: "run again")
      }
    }
  }
}
