import LinuxSystem

/// Removes the remains of a received upload: empty directories, and old files that belong to no upload.
struct UploadSweep {
  /// Files that arrived before this time are removed; in seconds since the epoch.
  let before: Int64

  /// Sweeps a directory; returns whether it is empty now.
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

  /// When the newest file below arrived, in seconds since the epoch; 0 if there is none.
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

  /// The change time: an uploaded file keeps its modification time.
  private func arrival(_ status: FileStatus) -> Int64 { status.identity.ctime / 1_000_000_000 }
}
