import MirrorModel
import LinuxSystem

/// Checks that refuse publishing.
extension Publication {
  /// Refuses deletions on a host that builds or receives: the destination may be this very mirror.
  func checkPlace(_ remote: RemoteListing) throws(MirrorError) {
    let control = remote.nodes.keys.first { path in
      if case .control = path.place { true } else { false }
    }
    guard destination.deletes, !destination.isStaged, let control else { return }
    throw MirrorError(
      .refused, destination.subject, "the mirror there is in use (\(control)), and delete is yes",
      remedy: "publish to another directory, or set delete: no")
  }

  /// Refuses corrupt tarballs, and tarballs whose digests are those of an older tarball.
  func checkSound(_ sent: [LocalEntry], _ local: LocalListing) throws(MirrorError) {
    let corrupt = Set(try catalog.corrupt(in: mirror))
    let known = local.byPath
    for entry in sent where mirror.kinds.includes(entry.path.name) {
      func refusal(_ problem: String, _ remedy: Remedy) -> MirrorError {
        MirrorError(
          .refused, mirror.displayed(entry.path), "\(problem); nothing is published", remedy: remedy)
      }
      if corrupt.contains(entry.path) {
        throw refusal("is corrupt", "restore it, or remove its version and \(run: .index)")
      }
      let sidecar = known[entry.path.parent.appending(DigestFile(mirror.layout).name(of: entry.path.name))]
      if let digested = sidecar?.identity, let identity = entry.identity, digested.isOlder(than: identity),
        try !isDescribed(entry.path, identity)
      {
        throw refusal("is newer than its digests", "\(run: .refresh)")
      }
    }
  }

  /// Whether an older `.hash.txt` still matches a tarball: its times changed, and it was read since then.
  private func isDescribed(_ path: MirrorPath, _ identity: FileIdentity) throws(MirrorError) -> Bool {
    guard let record = try catalog.record(of: path), identity.isSameFile(as: record.identity),
      let digest = record.digests[.sha256]
    else { return false }
    let directory = try AnchoredDirectory(root: mirror.root).directory(path.parent)
    return try DigestFile(mirror.layout).digests(of: path.name, in: directory)?[.sha256] == digest
  }

  /// Withholds an index that names a file that is neither sent nor there.
  ///
  /// - Throws: `refused` if that must be an error. Held indexes are only left as they are there.
  func checkIndexes(_ survey: inout PublishSurvey) throws(MirrorError) {
    let local = survey.local
    let indexes = local.entries.filter {
      [.index, .page].contains($0.role) && IndexReferences.areIn($0.path)
    }
    // A held index continues to name the same files.
    if let held = local.held.sorted().first(where: { IndexReferences.areIn($0) }) {
      withhold(&survey, "\(held) is not changed there")
    }
    guard !indexes.isEmpty else { return }
    let anchor = try AnchoredDirectory(root: mirror.root)
    let known = local.byPath
    let lookup = try DigestLookup(mirror, catalog: catalog)
    let tarballs = Dictionary(mirror.folders.flatMap(\.tarballs).map { ($0.path, $0) }) { first, _ in first }
    // Several indexes may name the same file.
    var checked = Set<IndexReferences.Reference>()
    for index in indexes {
      let bytes = try anchor.contents(of: index.path, limit: 256 << 20) ?? []
      let name = "\(mirror.displayed(index.path))"
      func refusal(_ problem: String, _ remedy: Remedy) -> MirrorError {
        MirrorError(.refused, name, "\(problem); nothing is published", remedy: remedy)
      }
      guard let content = IndexReferences(bytes, at: index.path) else {
        throw refusal("is not well-formed XML", "\(run: .index)")
      }
      for reference in content.references where checked.insert(reference).inserted {
        if local.holds(reference.path) {
          if !isThere(reference, survey) {
            withhold(&survey, "\(index.path) lists \(reference.path), which differs there or is missing")
          }
          continue
        }
        guard let file = known[reference.path] else {
          if let exclusion = local.excluded[reference.path] {
            throw refusal(
              "lists \(reference.path), excluded by `exclude: \(exclusion)` of publish/\(destination.name)",
              "change exclude, or exclude the index")
          }
          throw refusal("lists \(reference.path), which does not exist", "\(run: .index)")
        }
        if let size = reference.size, case .file = file.node, size != file.node.size {
          throw refusal(
            "has a wrong size for \(reference.path)", "\(run: .refresh)")
        }
        if let told = reference.sha256, let tarball = tarballs[reference.path],
          let digest = lookup(tarball)["sha256"], told != digest
        {
          throw refusal("has a wrong digest for \(reference.path)", "\(run: .index)")
        }
      }
    }
  }

  /// Whether the file there is the one that an index names, as far as known.
  private func isThere(_ reference: IndexReferences.Reference, _ survey: PublishSurvey) -> Bool {
    guard case .file(let size, _) = survey.remote.nodes[reference.path], size == reference.size ?? size else {
      return false
    }
    guard let told = reference.sha256, let sent = survey.planner.knowledge.record?.files[reference.path]
    else { return true }
    return hex(sent.sha256) == told
  }

  /// Leaves the indexes there as they are, and therefore the files that they name.
  private func withhold(_ survey: inout PublishSurvey, _ reason: String) {
    if !survey.isWithheld {
      survey.report.problems.append(
        MirrorError(
          .invalid, destination.subject,
          "\(reason): no pages or indexes are sent, and nothing is deleted there",
          remedy: "fix the problems reported above, and run again"))
    }
    survey.isWithheld = true
    survey.plan.withholdIndexes()
  }

  /// Throws if any of these files is not the planned one any more.
  func checkUnchanged(_ entries: [LocalEntry]) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: mirror.root)
    for entry in entries {
      guard let identity = entry.identity else { continue }
      let status = try anchor.status(at: entry.path)
      guard status?.identity == identity else {
        throw MirrorError(
          .changed, anchor.displayed(entry.path), "changed during publishing", remedy: "run again")
      }
    }
  }
}
