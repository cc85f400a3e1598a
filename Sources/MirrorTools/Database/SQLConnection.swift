import CSQLite
import LinuxSystem
import SystemPackage

/// An open database, the only owner of it.
struct SQLConnection: ~Copyable, @unchecked Sendable {
  private let raw: OpaquePointer
  /// Whether another program once kept the file locked for a second.
  private let isPatienceLost: UnsafeMutablePointer<Bool>

  /// Opens a file, creating it if it is missing unless it is only to be read; nil for a database in memory.
  static func opened(_ path: FilePath?, isReadOnly: Bool = false) throws(SQLFault) -> SQLConnection {
    var raw: OpaquePointer?
    // One thread at a time has it, which SQLite need not check.
    let access = isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    let code = sqlite3_open_v2(path?.string ?? ":memory:", &raw, access | SQLITE_OPEN_NOMUTEX, nil)
    guard code == SQLITE_OK, let raw else {
      let fault = SQLFault(code, of: raw)
      sqlite3_close_v2(raw)
      throw fault
    }
    sqlite3_extended_result_codes(raw, 1)
    return SQLConnection(raw: raw)
  }

  private init(raw: OpaquePointer) {
    self.raw = raw
    isPatienceLost = .allocate(capacity: 1)
    isPatienceLost.initialize(to: false)
    sqlite3_busy_handler(raw, Self.wait, isPatienceLost)
  }

  deinit {
    sqlite3_close_v2(raw)
    isPatienceLost.deallocate()
  }

  /// Waits while another program locks the file: a run writes for milliseconds. A program that keeps it locked costs
  /// a second, once.
  private static let wait: @convention(c) (UnsafeMutableRawPointer?, Int32) -> Int32 = { context, tries in
    guard let isPatienceLost = context?.assumingMemoryBound(to: Bool.self) else { return 0 }
    if tries >= 100 { isPatienceLost.pointee = true }
    guard !isPatienceLost.pointee else { return 0 }
    SystemClock.pause(microseconds: 10_000)
    return 1
  }

  /// Runs statements without parameters.
  func execute(_ sql: String) throws(SQLFault) {
    let code = sqlite3_exec(raw, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw SQLFault(code, of: raw) }
  }

  /// Runs one statement with values for its parameters.
  func run(_ sql: String, _ values: (any SQLStorable)?...) throws(SQLFault) { try prepare(sql).run(values) }

  /// A statement to be run several times.
  func prepare(_ sql: String) throws(SQLFault) -> SQLStatement { try .prepared(sql, in: raw) }

  /// Passes each row of a query to `body`.
  func forEach(
    _ sql: String, _ values: (any SQLStorable)?..., body: (SQLRow) throws(SQLFault) -> Void
  ) throws(SQLFault) {
    try prepare(sql).run(values) { row throws(SQLFault) in
      try body(row)
      return true
    }
  }

  /// Converts each row of a query; rows that give nil are left out.
  func map<Result>(
    _ sql: String, _ values: (any SQLStorable)?..., row convert: (SQLRow) -> Result?
  ) throws(SQLFault) -> [Result] {
    var results: [Result] = []
    try prepare(sql).run(values) { row in
      if let result = convert(row) { results.append(result) }
      return true
    }
    return results
  }

  /// Converts the first row of a query; nil if there is none.
  func first<Result>(
    _ sql: String, _ values: (any SQLStorable)?..., row convert: (SQLRow) -> Result?
  ) throws(SQLFault) -> Result? {
    var result: Result?
    try prepare(sql).run(values) { row in
      result = convert(row)
      return false
    }
    return result
  }

  /// The number of rows that the last statement changed.
  var changes: Int { Int(sqlite3_changes(raw)) }

  /// Runs `body` in a transaction, which is rolled back if it throws.
  func transaction<Result>(
    _ kind: Transaction, _ body: (borrowing SQLConnection) throws(SQLFault) -> Result
  ) throws(SQLFault) -> Result {
    try execute("BEGIN \(kind.rawValue)")
    do throws(SQLFault) {
      let result = try body(self)
      try execute("COMMIT")
      return result
    } catch {
      // After some errors SQLite has rolled back already.
      if sqlite3_get_autocommit(raw) == 0 { try? execute("ROLLBACK") }
      throw error
    }
  }

  enum Transaction: String {
    /// All reads see the same state.
    case reading = "DEFERRED"
    /// Waits for other writers at the beginning, never in between.
    case writing = "IMMEDIATE"
  }
}
