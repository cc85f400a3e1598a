import Hashing
import MirrorModel
import LinuxSystem
import SystemPackage

/// SHA-256 of all published files: from the catalog if known, otherwise computed.
struct LocalSums {
  let root: FilePath
  let layout: MirrorLayout
  let catalog: Catalog
  let hasher: FileHasher
  /// Seconds since the epoch.
  let now: Int64

  /// Seconds after which a rewritten file has a different time on every file system.
  private static let tick: Int64 = 2

  /// Sums by path; files that cannot be read are held, with everything that belongs to them.
  ///
  /// - Parameter remembers: whether to store computed sums in the catalog.
  func of(
    _ local: inout LocalListing, remembers: Bool, _ problems: inout [MirrorError]
  ) throws(MirrorError) -> [MirrorPath: [UInt8]] {
    let tarballs = try catalog.records()
    let files = try catalog.hashedFiles()
    let anchor = Shared(try AnchoredDirectory(root: root))
    var sums: [MirrorPath: [UInt8]] = [:]
    var unknown: [(path: MirrorPath, size: Int64, identity: FileIdentity)] = []
    for entry in local.entries {
      guard let identity = entry.identity else { continue }
      if let record = tarballs[entry.path], identity.isSameFile(as: record.identity),
        let sum = record.digests[.sha256]
      {
        sums[entry.path] = sum
      } else if let file = files[entry.path], identity.isSameFile(as: file.identity) {
        sums[entry.path] = file.sha256
      } else if local.kinds.includes(entry.path.name), let sum = written(entry.path, identity, anchor.value) {
        sums[entry.path] = sum
      } else {
        unknown.append((entry.path, entry.node.size, identity))
      }
    }
    let results = try hasher.results(
      unknown.map {
        DigestRequest(path: $0.path, size: $0.size, device: $0.identity.device, algorithms: [.sha256])
      }, as: "hashing", in: anchor)
    var fresh: [(MirrorPath, Catalog.HashedFile)] = []
    var unreadable: [MirrorPath] = []
    for (file, result) in zip(unknown, results) {
      do throws(MirrorError) {
        let found = try result.get()
        guard found.identity == file.identity, let sum = found.digests[.sha256] else {
          throw MirrorError(
            .changed, "\(root)/\(file.path)", "changed during publishing", remedy: "run again")
        }
        sums[file.path] = sum
        if !local.kinds.includes(file.path.name) || file.path.place.isInPackages,
          file.identity.ctime / 1_000_000_000 < now - Self.tick
        {
          fresh.append((file.path, .init(identity: file.identity, sha256: sum)))
        }
      } catch {
        if error.code == .interrupted { throw error }
        unreadable.append(file.path)
        problems.append(error.holding)
      }
    }
    local.hold(with: unreadable)
    if remembers {
      let known = local.byPath
      // If they cannot be stored, they are only computed again.
      try? catalog.update(hashing: fresh, forgetting: files.keys.filter { known[$0] == nil })
    }
    return sums
  }

  /// The digest in a `.hash.txt` that is newer than its tarball.
  private func written(
    _ path: MirrorPath, _ identity: FileIdentity, _ anchor: borrowing AnchoredDirectory
  ) -> [UInt8]? {
    guard let directory = try? anchor.directory(path.parent) else { return nil }
    return (try? DigestFile(layout).digests(of: path.name, notOlderThan: identity, in: directory))??[.sha256]
  }
}
