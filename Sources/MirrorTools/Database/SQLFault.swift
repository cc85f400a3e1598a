import CSQLite

/// An error of SQLite.
struct SQLFault: Error, CustomStringConvertible {
  /// The kinds of fault that a caller distinguishes.
  enum Kind {
    /// Another program locks the file.
    case locked
    /// The file is damaged, is not a database, or lacks a table or column.
    case broken
    case other
  }

  let kind: Kind
  private let code: Int32
  /// What SQLite says about it.
  let message: String

  /// The last fault of a connection, with the result code of the call that failed.
  init(_ code: Int32, of connection: OpaquePointer?) {
    self.init(code, connection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) })
  }

  /// A database that SQLite can read, but that does not have the expected content.
  init(broken message: String) { self.init(SQLITE_CORRUPT, message) }

  /// - Parameter message: nil for the meaning of the code.
  init(_ code: Int32, _ message: String? = nil) {
    self.code = code
    self.message = message ?? String(cString: sqlite3_errstr(code))
    // An extended code has more in its upper bits.
    kind =
      switch code & 0xff {
      case SQLITE_BUSY, SQLITE_LOCKED: .locked
      case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR: .broken
      default: .other
      }
  }

  var description: String { "SQLite error \(code & 0xff): \(message)" }
}
