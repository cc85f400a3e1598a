import LinuxSystem

/// Takes away what an upload leaves that was received: directories that are empty, and old files of no upload.
struct UploadSweep {
  /// Files that came before this go, in seconds since the epoch.
  let before: Int64

  /// Sweeps below a directory; tells whether it is empty now.
  func sweep(_ directory: borrowing AnchoredDirectory) throws(MirrorError) -> Bool {
    var isEmpty = true
    for entry in try directory.entries() {
      if entry.kind == .directory {
        let inner = try directory.directory(entry.name)
        if try sweep(inner), (try? directory.removeDirectory(entry.name)) != nil { continue }
      } else if let status = try directory.status(of: entry.name), arrival(status) < before {
        try directory.unlink(entry.name)
        continue
      }
      isEmpty = false
    }
    return isEmpty
  }

  /// When the newest file below came, in seconds since the epoch; 0 if there is none.
  func newest(_ directory: borrowing AnchoredDirectory) throws(MirrorError) -> Int64 {
    var newest: Int64 = 0
    for entry in try directory.entries() {
      if entry.kind == .directory {
        newest = max(newest, try self.newest(try directory.directory(entry.name)))
      } else if let status = try directory.status(of: entry.name) {
        newest = max(newest, arrival(status))
      }
    }
    return newest
  }

  /// A file keeps its time when it is uploaded; when it got its name is its status's.
  private func arrival(_ status: FileStatus) -> Int64 { status.identity.ctime / 1_000_000_000 }
}
