/// What a column of a row can contain.
enum SQLValue: Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])
}

/// A type that is stored as one value.
protocol SQLStorable: Sendable {
  var stored: SQLValue { get }
}

extension SQLValue: SQLStorable { var stored: SQLValue { self } }
extension Int64: SQLStorable { var stored: SQLValue { .integer(self) } }
extension Int32: SQLStorable { var stored: SQLValue { .integer(Int64(self)) } }
extension Int: SQLStorable { var stored: SQLValue { .integer(Int64(self)) } }
extension Bool: SQLStorable { var stored: SQLValue { .integer(self ? 1 : 0) } }
extension Double: SQLStorable { var stored: SQLValue { .real(self) } }
extension String: SQLStorable { var stored: SQLValue { .text(self) } }
extension [UInt8]: SQLStorable { var stored: SQLValue { .blob(self) } }
