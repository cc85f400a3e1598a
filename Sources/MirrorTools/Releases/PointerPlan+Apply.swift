import MirrorModel
import LinuxSystem

extension PointerPlan {
  /// Moves the links, then writes the records. The mirror's lock must be held.
  ///
  /// Builds move links without that lock: a link that a build has moved meanwhile is left alone.
  ///
  /// - Returns: the links and records that changed.
  func apply(
    in anchor: borrowing AnchoredDirectory, _ kinds: ArtifactKinds
  ) throws(MirrorError) -> [MirrorPath] {
    var changed: [MirrorPath] = []
    for move in moves where try isCurrent(move, anchor) {
      let link = LatestLink(move.link, kinds)
      guard let target = move.to else {
        try link.remove(in: anchor)
        changed.append(move.link)
        continue
      }
      let path = link.path(following: target)
      changed.append(try link.point(to: target, in: anchor, keepsMetalink: isForward))
      // The link has another extension now.
      if path != move.link, move.from != nil { try link.remove(in: anchor) }
    }
    for record in records {
      guard let version = record.version else {
        guard try anchor.status(at: record.file) != nil else { continue }
        let directory = try anchor.directory(record.file.parent)
        try directory.unlink(record.file.name)
        try directory.sync()
        changed.append(record.file)
        continue
      }
      let directory = try anchor.makePath(record.file.parent)
      try DurableFile.write(
        ControlFile.text("\(version)"), to: record.file.name, in: directory, try directory.fileOwnership())
      changed.append(record.file)
    }
    return changed
  }

  private func isCurrent(_ move: Move, _ anchor: borrowing AnchoredDirectory) throws(MirrorError) -> Bool {
    guard let status = try anchor.status(at: move.link) else { return move.from == nil }
    guard status.kind == .link, let from = move.from else { return false }
    let text = try anchor.directory(move.link.parent).linkText(of: move.link.name)
    let roots = [anchor.root.bytes, anchor.root.canonical.bytes]
    return Link.destination(of: text, in: move.link.parent, roots: roots) == from
  }

  /// What a notice must say so that the pointers can be restored.
  var notice: (pointers: [ReleaseNotice.Pointer], records: [String]) {
    let pointers = moves.compactMap { move in move.from.map { ReleaseNotice.Pointer(move.link, to: $0) } }
    let records = records.compactMap { record -> String? in
      guard case .version(let target)? = record.file.place.controlFile else { return nil }
      return "\(target)"
    }
    return (pointers, records)
  }
}
