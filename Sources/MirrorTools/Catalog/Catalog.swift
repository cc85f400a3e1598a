import MirrorModel
public import LinuxSystem
import Synchronization
public import SystemPackage

/// Persistent information of `mirrorctl`: identities, digests and times of checks.
///
/// One SQLite file per mirror, in WAL mode. Losing it costs time, never correctness: a missing or broken
/// catalog is created anew.
public final class Catalog: Sendable {
  private let database: Mutex<SQLConnection>
  /// The file, for messages; nil for a catalog in memory.
  let path: FilePath?

  private init(_ database: consuming SQLConnection, path: FilePath?) {
    self.database = Mutex(database)
    self.path = path
  }

  /// Opens the catalog of a mirror below the state directory, creating it if it is missing.
  ///
  /// A broken file is renamed to `<name>.broken`. If no catalog can be opened, one in memory is used for this
  /// run. `warn` is called in both cases.
  public static func open(
    for mirror: FilePath, in stateDirectory: FilePath, warn: (MirrorError) -> Void
  ) throws(MirrorError) -> Catalog {
    let path = stateDirectory.appending(fileName(for: mirror))
    do {
      try makeDirectories(stateDirectory)
      do {
        return try open(path)
      } catch let error as SQLFault where error.kind == .broken {
        warn(
          MirrorError(
            .library, "\(path)", "the catalog is broken (\(error.message))",
            remedy: "it was renamed to \(path).broken; a new one is created"))
        let broken = FilePath("\(path).broken")
        // SQLite finds the log of a database by its name.
        for suffix in ["", "-wal", "-shm"] {
          try? FilePath("\(path)\(suffix)").rename(to: FilePath("\(broken)\(suffix)"))
        }
        let catalog = try open(path)
        if !catalog.adoptJournal(of: broken) {
          warn(
            MirrorError(
              .library, "\(broken)", "its journal could not be read completely",
              remedy: "keep the file if you need the journal: the next broken catalog replaces it"))
        }
        return catalog
      }
    } catch let error as MirrorError {
      warn(error)
    } catch let error as SQLFault where error.kind == .locked {
      warn(lockFault("\(path)", remedy: "; this run continues without it"))
    } catch {
      warn(
        MirrorError(
          .library, "\(path)", "cannot open the catalog: \(error)",
          remedy: "check for a full disk and its limits; this run continues without it"))
    }
    return try inMemory()
  }

  /// The catalog of a mirror, if it exists and this user can read it. `warn` is called if another program
  /// locks it.
  public static func existing(
    for mirror: FilePath, in stateDirectory: FilePath, warn: (MirrorError) -> Void
  ) -> Catalog? {
    let path = stateDirectory.appending(fileName(for: mirror))
    guard fault(path) == nil else { return nil }
    do { return try open(path) } catch let error as SQLFault where error.kind == .locked {
      warn(lockFault("\(path)", remedy: "; its information is missing here"))
    } catch {}
    return nil
  }

  /// Examines the catalog of a mirror.
  ///
  /// - Returns: its file, and whether it exists.
  /// - Throws: if this user cannot use it, or it is damaged.
  package static func examine(
    for mirror: FilePath, in stateDirectory: FilePath
  ) throws(MirrorError) -> (path: FilePath, exists: Bool) {
    let path = stateDirectory.appending(fileName(for: mirror))
    if let problem = problem(for: mirror, in: stateDirectory) { throw problem }
    guard path.exists else { return (path, false) }
    do {
      let said = try open(path).database.withLock { database throws(SQLFault) in
        try database.first("PRAGMA quick_check(1)") { $0.text(0) }
      }
      if let said, said != "ok" { throw SQLFault(broken: said) }
    } catch let error as MirrorError { throw error } catch let error as SQLFault where error.kind == .locked {
      throw lockFault("\(path)")
    } catch let error as SQLFault where error.kind != .broken {
      throw MirrorError(
        .library, "\(path)", "the catalog cannot be read: \(error)",
        remedy: "check for a full disk and its limits; runs continue without it")
    } catch {
      throw MirrorError(
        .library, "\(path)", "the catalog is damaged: \(error)",
        remedy: "the next run sets it aside and reads all tarballs again; check the disk (dmesg, smartctl)")
    }
    return (path, true)
  }

  private static func lockFault(_ path: String, remedy: String = "") -> MirrorError {
    MirrorError(
      .library, path, "another program locks the catalog", remedy: "find and end it (fuser)\(remedy)")
  }

  /// Why this user cannot open a catalog file.
  private static func fault(_ path: FilePath) -> Errno? {
    do throws(Errno) { try path.check([.read, .write]) } catch { return error }
    return nil
  }

  /// Whether it is only in memory, because no file could be opened.
  public var isTemporary: Bool { path == nil }

  /// Why a user has no access to the information in a mirror's catalog: it cannot be read, or belongs to the
  /// mirror's owner, who is another user.
  ///
  /// - Returns: nil if the user has a catalog of the mirror, or owns the mirror.
  public static func problem(for mirror: FilePath, in stateDirectory: FilePath) -> MirrorError? {
    let path = stateDirectory.appending(fileName(for: mirror))
    guard let error = fault(path) else { return nil }
    let omission = "so its information is missing here"
    guard error == .noSuchFileOrDirectory else {
      return MirrorError(
        .system(error), "\(path)", "cannot open the catalog: \(error), \(omission)",
        remedy: "run as the user who \(run: .upkeep)")
    }
    guard let status = try? AnchoredDirectory(root: mirror).status(), status.uid != Account.user else {
      return nil
    }
    let owner = Account.name(of: status.uid)
    return MirrorError(
      .invalid, "\(path)", "no catalog of this user, since the mirror belongs to \(owner), \(omission)",
      remedy: "run as \(owner), or set XDG_STATE_HOME to where that user's catalog is")
  }

  /// A catalog in memory.
  static func inMemory() throws(MirrorError) -> Catalog {
    do throws(SQLFault) {
      let database = try SQLConnection.opened(nil)
      try Migration.run(migrations, in: database)
      return Catalog(database, path: nil)
    } catch { throw MirrorError(.library, "catalog", "\(error)") }
  }

  /// Throws if SQLite would write to a file that may be another user's.
  private static func checkFiles(_ path: FilePath) throws(MirrorError) {
    let directory = try AnchoredDirectory(root: path.removingLastComponent())
    for suffix in ["", "-wal", "-shm", "-journal"] {
      let name = FileName(path.lastComponent?.string ?? "").appending(suffix)
      if let status = try directory.status(of: name) { try directory.checkOwn(status, name) }
    }
  }

  private static func open(_ path: FilePath) throws -> Catalog {
    try checkFiles(path)
    let database = try SQLConnection.opened(path)
    // A power failure may lose the last records, never the file: lost digests are adopted or computed again.
    try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    if try Migration.isNewer(database, than: migrations) { throw newer(path, try writer(database)) }
    try Migration.run(migrations, in: database)
    try noteWriter(database)
    if let missing = try expected.subtracting(columnNames(database)).min() {
      throw SQLFault(broken: "it has no column \(missing)")
    }
    return Catalog(database, path: path)
  }

  /// All records, or only those with a flag, by path relative to the root of the mirror.
  func records(only flag: Flag? = nil) throws(MirrorError) -> [MirrorPath: CatalogRecord] {
    let rest = flag.map { " WHERE \($0.rawValue)" } ?? ""
    return try read { database throws(SQLFault) in
      var records: [MirrorPath: CatalogRecord] = [:]
      let count = try database.first("SELECT count(*) FROM tarball\(rest)") { $0.number(0) }
      records.reserveCapacity(Int(clamping: count ?? 0))
      try database.forEach("SELECT \(Self.columns) FROM tarball\(rest)") { row in
        if let record = Self.record(row) { records[row.path(0)] = record }
      }
      return records
    }
  }

  /// A problem of a tarball.
  enum Flag: String {
    case corrupt, damaged
  }

  /// The record of one tarball.
  func record(of path: MirrorPath) throws(MirrorError) -> CatalogRecord? {
    try read { database throws(SQLFault) in
      try database.first("SELECT \(Self.columns) FROM tarball WHERE path = ?", path, row: Self.record)
    }
  }

  static let columns = """
    path, device, inode, size, mtime, ctime,
    sidecar_device, sidecar_inode, sidecar_size, sidecar_mtime, sidecar_ctime,
    sha256, sha512, blake2b, hashed_at, verified_at, corrupt, damaged
    """

  static func record(_ row: SQLRow) -> CatalogRecord? {
    guard let identity = row.identity(from: 1) else { return nil }
    var digests = DigestSet()
    digests[.sha256] = row.bytes(11)
    digests[.sha512] = row.bytes(12)
    digests[.blake2b] = row.bytes(13)
    return CatalogRecord(
      identity: identity, sidecar: row.identity(from: 6), digests: digests, hashedAt: row.integer(14),
      verifiedAt: row.integer(15), isCorrupt: row.number(16) != 0, fault: fault(row.number(17)))
  }

  /// A number of another version still counts as damage.
  private static func fault(_ number: Int64) -> StreamFault? {
    number == 0 ? nil : StreamFault(rawValue: Int(number)) ?? .cutOff
  }

  /// Stores some records and removes others, in one transaction.
  func update(storing stored: [(MirrorPath, CatalogRecord)], forgetting gone: [MirrorPath] = [])
    throws(MirrorError)
  {
    guard !stored.isEmpty || !gone.isEmpty else { return }
    try write { database throws(SQLFault) in
      let insert = try database.prepare(
        "INSERT OR REPLACE INTO tarball (\(Self.columns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
      )
      for (path, record) in stored { try insert.run(Self.values(path, record)) }
      let delete = try database.prepare("DELETE FROM tarball WHERE path = ?")
      for path in gone { try delete.run(path) }
    }
  }

  /// Reads one state of the catalog.
  func read<Result: Sendable>(
    _ body: (borrowing SQLConnection) throws(SQLFault) -> Result
  ) throws(MirrorError) -> Result {
    try access(.reading, body)
  }

  /// Changes the catalog, completely or not at all.
  func write<Result: Sendable>(
    _ body: (borrowing SQLConnection) throws(SQLFault) -> Result
  ) throws(MirrorError) -> Result {
    try access(.writing, body)
  }

  private func access<Result: Sendable>(
    _ kind: SQLConnection.Transaction, _ body: (borrowing SQLConnection) throws(SQLFault) -> Result
  ) throws(MirrorError) -> Result {
    do throws(SQLFault) {
      return try database.withLock { database throws(SQLFault) in try database.transaction(kind, body) }
    } catch {
      let name = path.map { "\($0)" } ?? "catalog"
      guard error.kind != .locked else { throw Self.lockFault(name) }
      throw MirrorError(.library, name, "\(error)", remedy: "remove the file if this persists")
    }
  }

  private static func values(_ path: MirrorPath, _ record: CatalogRecord) -> [(any SQLStorable)?] {
    let sidecar = record.sidecar?.stored ?? Array(repeating: nil, count: 5)
    return [path] + record.identity.stored + sidecar + [
      record.digests[.sha256], record.digests[.sha512], record.digests[.blake2b], record.hashedAt,
      record.verifiedAt, record.isCorrupt, record.fault?.rawValue ?? 0,
    ]
  }

  /// One file per mirror: the last component of its path for people, a digest of the canonical path for
  /// uniqueness.
  static func fileName(for mirror: FilePath) -> String {
    let canonical = mirror.canonical
    let name =
      canonical.lastComponent.map { $0.string.filter { $0.isLetter || $0.isNumber || $0 == "-" } } ?? "root"
    let hash = stableHash(canonical.string.utf8)
    return "\(name.prefix(64))-\(String(hash, radix: 16)).sqlite"
  }

  private static func makeDirectories(_ path: FilePath) throws(MirrorError) {
    do throws(MirrorError) { try path.makeDirectories(mode: 0o700) } catch {
      guard case .system(let number) = error.code else { throw error }
      throw MirrorError(
        error.code, error.subject, "cannot create the state directory: \(number)",
        remedy: "set XDG_STATE_HOME or HOME to a directory you own; this run continues without the catalog")
    }
  }
}
