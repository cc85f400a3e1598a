import LinuxSystem
import MirrorModel

/// Passes the folders of a mirror with the records of their tarballs, section by section: the records of a million
/// tarballs together take more memory than the scan.
struct CatalogWalk {
  private let catalog: Catalog
  /// Subarches and directories of snapshots whose records were read.
  private var sections = Set<MirrorPath>()
  /// The number of records that were read.
  private var count = 0
  /// Tarballs with a record that are not in their section any more; known only if all folders were passed.
  private var strays: [MirrorPath] = []

  init(_ catalog: Catalog) { self.catalog = catalog }

  /// Calls a function with each folder of a mirror and the records of its tarballs, by name.
  ///
  /// - Parameter isWanted: whether the records of a folder are needed; others are not passed.
  mutating func forEach(
    _ mirror: Mirror, where isWanted: ((Folder) -> Bool)? = nil,
    _ body: (Folder, [FileName: CatalogRecord]) throws(MirrorError) -> Void
  ) throws(MirrorError) {
    for folder in mirror.upperFolders where isWanted?(folder) ?? true {
      if case .snapshots = folder.path.place {
        strays += try pass([folder], of: folder.path, body)
        continue
      }
      var records: [FileName: CatalogRecord] = [:]
      for tarball in folder.tarballs { records[tarball.name] = try catalog.record(of: tarball.path) }
      count += records.count
      try body(folder, records)
    }
    for subarch in mirror.subarches {
      let folders = isWanted.map { subarch.folders.filter($0) } ?? subarch.folders
      guard !folders.isEmpty else { continue }
      let rest = try pass(folders, of: subarch.path, body)
      if isWanted == nil { strays += rest }
    }
  }

  /// - Returns: the tarballs of the section with a record that are not in these folders.
  private mutating func pass(
    _ folders: [Folder], of section: MirrorPath,
    _ body: (Folder, [FileName: CatalogRecord]) throws(MirrorError) -> Void
  ) throws(MirrorError) -> [MirrorPath] {
    var rest = try catalog.records(below: section)
    count += rest.count
    sections.insert(section)
    for folder in folders {
      var records: [FileName: CatalogRecord] = [:]
      for tarball in folder.tarballs { records[tarball.name] = rest.removeValue(forKey: tarball.path) }
      try body(folder, records)
    }
    return Array(rest.keys)
  }

  /// After all folders were passed: the tarballs with a record that are not in the mirror, by path.
  func forgotten(_ mirror: Mirror) throws(MirrorError) -> [MirrorPath] {
    // Mostly, no record is outside of the sections that were read.
    let others = try catalog.count() == count ? [] : try catalog.paths { isElsewhere($0) }
    guard !strays.isEmpty || !others.isEmpty else { return [] }
    // A directory that is excluded may contain its tarballs.
    let present = Set((mirror.upperFolders + mirror.bystanderFolders).flatMap(\.tarballs).map(\.path))
    return (strays + others).filter { !present.contains($0) }.sorted()
  }

  private func isElsewhere(_ path: MirrorPath) -> Bool { !path.ancestors.contains(where: sections.contains) }
}

extension Catalog {
  /// The records of all tarballs below a directory, by path.
  fileprivate func records(below directory: MirrorPath) throws(MirrorError) -> [MirrorPath: CatalogRecord] {
    try read { database throws(SQLFault) in
      var records: [MirrorPath: CatalogRecord] = [:]
      // The byte after `/` is `0`.
      let (first, end) = (
        MirrorPath(bytes: directory.bytes + [0x2f]), MirrorPath(bytes: directory.bytes + [0x30])
      )
      let query = "SELECT \(Self.columns) FROM tarball WHERE path > ? AND path < ?"
      try database.forEach(query, first, end) { row in
        if let record = Self.record(row) { records[row.path(0)] = record }
      }
      return records
    }
  }

  /// The number of records.
  fileprivate func count() throws(MirrorError) -> Int {
    try read { database throws(SQLFault) in
      Int(clamping: try database.first("SELECT count(*) FROM tarball") { $0.number(0) } ?? 0)
    }
  }

  /// The paths of those records for which a function returns true.
  fileprivate func paths(where isWanted: @Sendable (MirrorPath) -> Bool) throws(MirrorError) -> [MirrorPath] {
    try read { database throws(SQLFault) in
      try database.map("SELECT path FROM tarball") { row in
        let path = row.path(0)
        return isWanted(path) ? path : nil
      }
    }
  }
}
