import CSQLite

/// A prepared statement, the only owner of it. It must not outlive its connection.
struct SQLStatement: ~Copyable {
  private let statement: OpaquePointer
  private let connection: OpaquePointer

  /// Prepares one statement; its parameters are question marks.
  static func prepared(_ sql: String, in connection: OpaquePointer) throws(SQLFault) -> SQLStatement {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v2(connection, sql, -1, &statement, nil)
    guard code == SQLITE_OK else { throw SQLFault(code, of: connection) }
    guard let statement else { throw SQLFault(SQLITE_MISUSE, "no statement in `\(sql)`") }
    return SQLStatement(statement: statement, connection: connection)
  }

  private init(statement: OpaquePointer, connection: OpaquePointer) {
    self.statement = statement
    self.connection = connection
  }

  deinit { sqlite3_finalize(statement) }

  /// Runs it with these values for its parameters, nil for NULL.
  func run(_ values: (any SQLStorable)?...) throws(SQLFault) { try run(values) { _ in true } }

  func run(_ values: [(any SQLStorable)?]) throws(SQLFault) { try run(values) { _ in true } }

  /// Passes its rows to `body` until that returns false.
  func run(
    _ values: [(any SQLStorable)?], _ body: (SQLRow) throws(SQLFault) -> Bool
  ) throws(SQLFault) {
    defer { sqlite3_reset(statement) }
    for (index, value) in values.enumerated() { try bind(value?.stored ?? .null, at: Int32(index + 1)) }
    while true {
      let code = sqlite3_step(statement)
      if code == SQLITE_DONE { return }
      guard code == SQLITE_ROW else { throw SQLFault(code, of: connection) }
      guard try body(SQLRow(statement: statement)) else { return }
    }
  }

  private func bind(_ value: SQLValue, at index: Int32) throws(SQLFault) {
    let code =
      switch value {
      case .null: sqlite3_bind_null(statement, index)
      case .integer(let number): sqlite3_bind_int64(statement, index, number)
      case .real(let number): sqlite3_bind_double(statement, index, number)
      case .text(let text): csqlite_bind_text(statement, index, text, UInt64(text.utf8.count))
      case .blob(let bytes): csqlite_bind_blob(statement, index, bytes, UInt64(bytes.count))
      }
    guard code == SQLITE_OK else { throw SQLFault(code, of: connection) }
  }
}
