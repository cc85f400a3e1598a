#include <sqlite3.h>

/* SQLITE_TRANSIENT, a cast that Swift does not import: SQLite copies the value. A null pointer would bind NULL. */
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 bytes) {
    return sqlite3_bind_text64(statement, index, text, bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *content, sqlite3_uint64 bytes) {
    return bytes == 0 ? sqlite3_bind_zeroblob(statement, index, 0)
                      : sqlite3_bind_blob64(statement, index, content, bytes, SQLITE_TRANSIENT);
}
