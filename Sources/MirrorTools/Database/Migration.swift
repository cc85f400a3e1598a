/// A change of the tables that a version of the program introduced.
struct Migration: Sendable {
  typealias Body = @Sendable (borrowing SQLConnection) throws(SQLFault) -> Void

  private let name: String
  private let body: Body

  init(_ name: String, _ body: @escaping Body) {
    self.name = name
    self.body = body
  }

  init(_ name: String, _ sql: String) {
    self.init(name) { database throws(SQLFault) in try database.execute(sql) }
  }

  /// Makes the changes that a database lacks, all of them or none.
  static func run(_ migrations: [Migration], in database: borrowing SQLConnection) throws(SQLFault) {
    guard try applied(in: database).count < migrations.count else { return }
    try database.transaction(.writing) { database throws(SQLFault) in
      // The name of the table is that of GRDB, which earlier versions used.
      try database.execute(
        "CREATE TABLE IF NOT EXISTS grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
      // Another program may have made them meanwhile.
      let applied = try applied(in: database)
      for migration in migrations where !applied.contains(migration.name) {
        try migration.body(database)
        try database.run("INSERT INTO grdb_migrations (identifier) VALUES (?)", migration.name)
      }
    }
  }

  /// Whether a later version changed the tables.
  static func isNewer(_ database: borrowing SQLConnection, than migrations: [Migration]) throws(SQLFault)
    -> Bool
  {
    !(try applied(in: database).isSubset(of: migrations.map(\.name)))
  }

  private static func applied(in database: borrowing SQLConnection) throws(SQLFault) -> Set<String> {
    let table = try database.first("SELECT 1 FROM sqlite_master WHERE name = 'grdb_migrations'") {
      $0.integer(0)
    }
    guard table != nil else { return [] }
    return Set(try database.map("SELECT identifier FROM grdb_migrations") { $0.text(0) })
  }
}
