import Glibc
package import SystemPackage

/// `NAME.lock` beside a cache that builds keep files in.
///
/// Its text marks the cache as a directory of mirrorctl. Builds hold its lock together; only a run that holds
/// it alone may delete files of the cache.
package struct CacheLock: ~Copyable, Sendable {
  private let file: Descriptor
  private let path: String

  private static let remedy: Remedy = "fix its owner and mode, or use another directory"

  private init(_ file: consuming Descriptor, path: String) {
    self.file = file
    self.path = path
  }

  deinit { file.unlock() }

  /// Takes part in the use of a cache; waits while another run deletes files from it.
  ///
  /// - Throws: if the lock file cannot be created, may be another user's, or with code `interrupted`.
  package static func use(_ cache: FilePath, _ cancellation: Cancellation) throws(MirrorError) -> CacheLock {
    let name = Self.name(of: cache)
    let parent = try Self.parent(of: cache)
    let file = try parent.fileForUpdate(name, mode: 0o600)
    let path = parent.displayed(name)
    _ = try file.lock(LOCK_SH, until: nil, every: 200, path, cancellation)
    return CacheLock(file, path: path)
  }

  /// Holds an existing lock alone; nil if there is none, or a build uses the cache.
  ///
  /// - Throws: if the lock file may be another user's.
  package static func alone(_ cache: FilePath) throws(MirrorError) -> CacheLock? {
    let name = Self.name(of: cache)
    let parent = try Self.parent(of: cache)
    guard try parent.status(of: name) != nil else { return nil }
    let file = try parent.fileForUpdate(name, mode: 0o600)
    guard flock(file.raw, LOCK_EX | LOCK_NB) == 0 else { return nil }
    return CacheLock(file, path: parent.displayed(name))
  }

  /// The first line of the lock file beside a cache; nil if there is none, or it may be another user's.
  package static func mark(of cache: FilePath) throws(MirrorError) -> String? {
    let name = Self.name(of: cache)
    let parent = try Self.parent(of: cache)
    guard let status = try parent.status(of: name), status.kind == .regular, status.size <= 4096 else {
      return nil
    }
    try parent.checkOwn(status, name)
    let text = try parent.contents(of: MirrorPath(bytes: name.bytes), limit: 4096) ?? []
    return String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  /// Marks the cache, unless its lock file has a text already.
  package func mark(_ text: String) throws(MirrorError) {
    try attempt("write", path) { () throws(Errno) in
      guard try file.status().size == 0 else { return }
      try file.write(Array("\(text)\n".utf8))
      try file.sync()
    }
  }

  private static func parent(of cache: FilePath) throws(MirrorError) -> AnchoredDirectory {
    try AnchoredDirectory(trusted: cache.removingLastComponent(), remedy: remedy)
  }

  private static func name(of cache: FilePath) -> FileName {
    FileName("\(cache.lastComponent?.string ?? "").lock")
  }
}
