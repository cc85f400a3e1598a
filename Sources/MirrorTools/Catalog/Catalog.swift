import MirrorModel
public import LinuxSystem
import Foundation
import GRDB
import Synchronization
public import SystemPackage

/// Persistent information of `mirrorctl`: identities, digests and times of checks.
///
/// One SQLite file per mirror, in WAL mode. Losing it costs time, never correctness: a missing or broken
/// catalog is created anew.
public final class Catalog: Sendable {
  let database: any DatabaseWriter
  /// The file, for messages; nil for a catalog in memory.
  let path: FilePath?

  private init(_ database: DatabaseQueue, path: FilePath?) {
    // libdispatch disposes of a queue on another thread, and waits forever if none can be created.
    _ = Unmanaged.passRetained(database)
    self.database = database
    self.path = path
  }

  deinit { try? database.close() }

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
      } catch let error as DatabaseError
        where [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR].contains(error.resultCode.primaryResultCode)
      {
        warn(
          MirrorError(
            .library, "\(path)", "the catalog is broken (\(error.message ?? "\(error.resultCode)"))",
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
    } catch let error as DatabaseError where error.isLock {
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
    do { return try open(path) } catch let error as DatabaseError where error.isLock {
      warn(lockFault("\(path)", remedy: "; its information is missing here"))
    } catch {}
    return nil
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
    do {
      let catalog = Catalog(try DatabaseQueue(), path: nil)
      try migrator.migrate(catalog.database)
      return catalog
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
    var configuration = Configuration()
    configuration.busyMode = .callback(patience())
    configuration.journalMode = .wal
    // A power failure may lose the last records, never the file: lost digests are adopted or computed again.
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
    let catalog = Catalog(try DatabaseQueue(path: path.string, configuration: configuration), path: path)
    if try catalog.database.read({ try migrator.hasBeenSuperseded($0) }) {
      throw newer(path, try catalog.database.read(Self.writer))
    }
    try migrator.migrate(catalog.database)
    try catalog.noteWriter()
    if let missing = try expected.subtracting(catalog.database.read(columnNames)).min() {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it has no column \(missing)")
    }
    return catalog
  }

  /// Waits while another program locks the catalog: a run writes for milliseconds. A program that keeps it
  /// locked costs a second, once.
  private static func patience() -> Database.BusyCallback {
    let isExhausted = Shared(Atomic<Bool>(false))
    return { tries in
      if tries >= 100 { isExhausted.value.store(true, ordering: .relaxed) }
      guard !isExhausted.value.load(ordering: .relaxed) else { return false }
      SystemClock.pause(microseconds: 10_000)
      return true
    }
  }

  /// All records, or only those with a flag, by path relative to the root of the mirror.
  func records(only flag: Flag? = nil) throws(MirrorError) -> [MirrorPath: CatalogRecord] {
    let rest = flag.map { " WHERE \($0.rawValue)" } ?? ""
    return try access {
      try self.database.read { database in
        var records: [MirrorPath: CatalogRecord] = [:]
        records.reserveCapacity(try Int.fetchOne(database, sql: "SELECT count(*) FROM tarball\(rest)") ?? 0)
        let rows = try Row.fetchCursor(database, sql: "SELECT \(Self.columns) FROM tarball\(rest)")
        while let row = try rows.next() {
          guard let record = Self.record(row) else { continue }
          records[MirrorPath(bytes: Self.bytes(row, 0) ?? [])] = record
        }
        return records
      }
    }
  }

  /// A problem of a tarball.
  enum Flag: String {
    case corrupt, damaged
  }

  /// The record of one tarball.
  func record(of path: MirrorPath) throws(MirrorError) -> CatalogRecord? {
    try access {
      try self.database.read { database in
        let statement = try database.cachedStatement(
          sql: "SELECT \(Self.columns) FROM tarball WHERE path = ?")
        return try Row.fetchOne(statement, arguments: [Data(path.bytes)]).flatMap(Self.record)
      }
    }
  }

  private static let columns = """
    path, device, inode, size, mtime, ctime,
    sidecar_device, sidecar_inode, sidecar_size, sidecar_mtime, sidecar_ctime,
    sha256, sha512, blake2b, hashed_at, verified_at, corrupt, damaged
    """

  private static func record(_ row: Row) -> CatalogRecord? {
    guard let identity = identity(row, from: 1) else { return nil }
    var digests = DigestSet()
    digests[.sha256] = bytes(row, 11)
    digests[.sha512] = bytes(row, 12)
    digests[.blake2b] = bytes(row, 13)
    return CatalogRecord(
      identity: identity, sidecar: Self.identity(row, from: 6), digests: digests, hashedAt: row[14],
      verifiedAt: row[15], isCorrupt: row[16], fault: fault(row[17]))
  }

  /// A number of another version still counts as damage.
  private static func fault(_ number: Int) -> StreamFault? {
    number == 0 ? nil : StreamFault(rawValue: number) ?? .cutOff
  }

  /// Stores some records and removes others, in one transaction.
  func update(storing stored: [(MirrorPath, CatalogRecord)], forgetting gone: [MirrorPath] = [])
    throws(MirrorError)
  {
    guard !stored.isEmpty || !gone.isEmpty else { return }
    try access {
      try self.database.write { database in
        let insert = try database.cachedStatement(
          sql: "INSERT OR REPLACE INTO tarball (\(Self.columns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        )
        for (path, record) in stored { try insert.execute(arguments: Self.arguments(path, record)) }
        let delete = try database.cachedStatement(sql: "DELETE FROM tarball WHERE path = ?")
        for path in gone { try delete.execute(arguments: [Data(path.bytes)]) }
      }
    }
  }

  func access<Result>(_ body: () throws -> Result) throws(MirrorError) -> Result {
    do { return try body() } catch let error as DatabaseError where error.isLock {
      throw Self.lockFault(path.map { "\($0)" } ?? "catalog")
    } catch {
      throw MirrorError(
        .library, path.map { "\($0)" } ?? "catalog", "\(error)", remedy: "remove the file if this persists")
    }
  }

  private static func arguments(_ path: MirrorPath, _ record: CatalogRecord) -> StatementArguments {
    let sidecar = record.sidecar
    return [
      Data(path.bytes), signed(record.identity.device), signed(record.identity.inode), record.identity.size,
      record.identity.mtime, record.identity.ctime, sidecar.map { signed($0.device) },
      sidecar.map { signed($0.inode) }, sidecar?.size, sidecar?.mtime, sidecar?.ctime,
      record.digests[.sha256].map { Data($0) }, record.digests[.sha512].map { Data($0) },
      record.digests[.blake2b].map { Data($0) }, record.hashedAt, record.verifiedAt, record.isCorrupt,
      record.fault?.rawValue ?? 0,
    ]
  }

  static func identity(_ row: Row, from index: Int) -> FileIdentity? {
    guard let device = row[index] as Int64?, let inode = row[index + 1] as Int64?,
      let size = row[index + 2] as Int64?, let mtime = row[index + 3] as Int64?,
      let ctime = row[index + 4] as Int64?
    else { return nil }
    return FileIdentity(
      device: UInt64(bitPattern: device), inode: UInt64(bitPattern: inode), size: size, mtime: mtime,
      ctime: ctime)
  }

  static func bytes(_ row: Row, _ index: Int) -> [UInt8]? { (row[index] as Data?).map { Array($0) } }

  static func signed(_ value: UInt64) -> Int64 { Int64(bitPattern: value) }

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

extension DatabaseError {
  /// Whether another program locks the file.
  fileprivate var isLock: Bool {
    [.SQLITE_BUSY, .SQLITE_LOCKED].contains(resultCode.primaryResultCode)
  }
}
