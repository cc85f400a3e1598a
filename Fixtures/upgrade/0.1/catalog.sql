-- The catalog of a mirror as mirrorctl 0.1 wrote it.
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES
  ('1'), ('2'), ('3'), ('damaged'), ('places'), ('notices'), ('publishing'), ('signatures');
CREATE TABLE tarball (
  path BLOB PRIMARY KEY NOT NULL,
  device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
  mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
  sidecar_device INTEGER, sidecar_inode INTEGER, sidecar_size INTEGER,
  sidecar_mtime INTEGER, sidecar_ctime INTEGER,
  sha256 BLOB, sha512 BLOB, blake2b BLOB,
  hashed_at INTEGER, verified_at INTEGER, corrupt INTEGER NOT NULL
, damaged INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE build (
  subarch BLOB NOT NULL, version BLOB NOT NULL, at INTEGER NOT NULL, outcome TEXT NOT NULL,
  bytes INTEGER, seconds REAL, target TEXT, error TEXT, log BLOB,
  PRIMARY KEY (subarch, version, at)
) WITHOUT ROWID;
INSERT INTO build VALUES
  (CAST('std/x86-64bit/gen' AS BLOB), CAST('2026-10-01' AS BLOB), 1790848800, 'fail', NULL, 71.5, 'stage1',
   'steps/chroot/run failed', NULL),
  (CAST('std/x86-64bit/gen' AS BLOB), CAST('2026-11-01' AS BLOB), 1793527200, 'ok', 64, 612.0, 'full', NULL, NULL);
CREATE TABLE run (
  verb TEXT PRIMARY KEY NOT NULL, at INTEGER NOT NULL, status INTEGER NOT NULL, succeeded INTEGER
) WITHOUT ROWID;
INSERT INTO run VALUES ('upkeep', 1793530800, 0, 1793530800);
CREATE TABLE superfluous (
  target TEXT NOT NULL, path BLOB NOT NULL, since INTEGER NOT NULL,
  PRIMARY KEY (target, path)
) WITHOUT ROWID;
CREATE TABLE place (path BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;
INSERT INTO place VALUES (CAST('std/x86-64bit/gen' AS BLOB)), (CAST('std/x86-64bit/gone' AS BLOB));
CREATE TABLE notice (name TEXT PRIMARY KEY NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE file (
  path BLOB PRIMARY KEY NOT NULL,
  device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
  mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, sha256 BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE compared (
  target TEXT NOT NULL, path BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (target, path)
) WITHOUT ROWID;
CREATE TABLE upload (target TEXT PRIMARY KEY NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE cleaned (path BLOB PRIMARY KEY NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE signature (
  path BLOB PRIMARY KEY NOT NULL,
  device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
  mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
  signed_device INTEGER NOT NULL, signed_inode INTEGER NOT NULL, signed_size INTEGER NOT NULL,
  signed_mtime INTEGER NOT NULL, signed_ctime INTEGER NOT NULL, key TEXT NOT NULL
) WITHOUT ROWID;
