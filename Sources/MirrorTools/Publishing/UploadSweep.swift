import LinuxSystem

/// Removes the remains of a received upload: empty directories, and old files that belong to no upload.
struct UploadSweep {
  /// Files that arrived before this time are removed; in seconds since the epoch.
  let before: Int64
  let cancellation: Cancellation

  /// Sweeps a directory; returns whether it is empty now.
  ///
  /// - Parameter depth: the number of levels below it that uploads may have.
  func sweep(
    _ directory: borrowing AnchoredDirectory, depth: Int = Upload.depth
  ) throws(MirrorError) -> Bool {
    var isEmpty = true
    for entry in try directory.entries() {
      try cancellation.check()
      if entry.kind == .directory {
        guard depth > 0 else {
          // No upload has directories there.
          let remover = TreeRemover(cancellation: cancellation)
          if (try? remover.remove(entry.name, in: directory)) == nil { isEmpty = false }
          continue
        }
        let inner = try directory.directory(entry.name)
        if try sweep(inner, depth: depth - 1), (try? directory.removeDirectory(entry.name)) != nil {
          continue
        }
      } else if let status = try directory.status(of: entry.name), arrival(status) < before {
        try directory.unlink(entry.name)
        continue
      }
      isEmpty = false
    }
    return isEmpty
  }

  /// When the newest file below arrived, in seconds since the epoch; 0 if there is none.
  ///
  /// - Parameter depth: the number of levels below it that uploads may have.
  func newest(
    _ directory: borrowing AnchoredDirectory, depth: Int = Upload.depth
  ) throws(MirrorError) -> Int64 {
    var newest: Int64 = 0
    for entry in try directory.entries() {
      if entry.kind == .directory {
        guard depth > 0 else { continue }
        newest = max(newest, try self.newest(try directory.directory(entry.name), depth: depth - 1))
      } else if let status = try directory.status(of: entry.name) {
        newest = max(newest, arrival(status))
      }
    }
    return newest
  }

  /// The change time: an uploaded file keeps its modification time.
  private func arrival(_ status: FileStatus) -> Int64 { status.identity.ctime / 1_000_000_000 }
}
