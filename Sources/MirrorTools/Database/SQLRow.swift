import CSQLite

/// The current row of a statement, valid until the next one is fetched.
///
/// SQLite converts what it stores to the requested type: a catalog whose columns contain something else gives other
/// values, and no trap.
struct SQLRow {
  let statement: OpaquePointer

  func integer(_ column: Int) -> Int64? {
    isNull(column) ? nil : sqlite3_column_int64(statement, Int32(column))
  }

  /// The integer, or 0 for NULL.
  func number(_ column: Int) -> Int64 { sqlite3_column_int64(statement, Int32(column)) }

  func real(_ column: Int) -> Double? {
    isNull(column) ? nil : sqlite3_column_double(statement, Int32(column))
  }

  func text(_ column: Int) -> String? {
    guard !isNull(column), let text = sqlite3_column_text(statement, Int32(column)) else { return nil }
    let count = Int(sqlite3_column_bytes(statement, Int32(column)))
    return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
  }

  func bytes(_ column: Int) -> [UInt8]? {
    guard !isNull(column) else { return nil }
    // The pointer of an empty blob is null.
    let start = sqlite3_column_blob(statement, Int32(column))
    let count = Int(sqlite3_column_bytes(statement, Int32(column)))
    return Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  /// A column of whatever type it has.
  func value(_ column: Int) -> SQLValue {
    switch sqlite3_column_type(statement, Int32(column)) {
    case SQLITE_INTEGER: .integer(number(column))
    case SQLITE_FLOAT: real(column).map { .real($0) } ?? .null
    case SQLITE_TEXT: text(column).map { .text($0) } ?? .null
    case SQLITE_BLOB: bytes(column).map { .blob($0) } ?? .null
    default: .null
    }
  }

  private func isNull(_ column: Int) -> Bool { sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL }
}
