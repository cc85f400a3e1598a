import LinuxSystem
public import MirrorModel
public import Foundation
import Glibc
public import SystemPackage

/// A mirror in a temporary directory, removed with this value.
public final class TestMirror: Sendable {
  /// Its root directory.
  public let root: FilePath

  /// An empty mirror.
  public init() throws {
    var template = Array("/tmp/mirrorctl-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    root = FilePath(platformString: template)
  }

  deinit {
    // FileManager cannot remove names that are not UTF-8.
    do { try FileManager.default.removeItem(atPath: root.string) } catch {
      _ = try? Tool.run("rm", "-rf", root.string)
    }
  }

  /// The absolute path of a path in the mirror.
  public func path(_ relative: String) -> String { "\(root)/\(relative)" }

  /// Writes a file and its parent directories; `mtime` in seconds since the epoch.
  ///
  /// For a compressed tarball, the text is compressed by ``Compressed``.
  @discardableResult
  public func file(_ relative: String, _ text: String = "", mtime: Int? = nil) throws -> Self {
    try file(relative, Compressed.file(relative, holding: text), mtime: mtime)
  }

  /// Writes a file of these bytes and its parent directories; `mtime` in seconds since the epoch.
  @discardableResult
  public func file(_ relative: String, _ content: Data, mtime: Int? = nil) throws -> Self {
    let path = path(relative)
    try directory(relative: FilePath(relative).removingLastComponent())
    let file = try FileDescriptor.open(
      FilePath(path), .writeOnly, options: [.create, .truncate],
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
    try file.closeAfter { _ = try file.writeAll(content) }
    if let mtime {
      var times = [timespec](repeating: timespec(tv_sec: mtime, tv_nsec: 0), count: 2)
      guard utimensat(AT_FDCWD, path, &times, 0) == 0 else { throw Errno(rawValue: errno) }
    }
    return self
  }

  /// Makes an empty directory.
  @discardableResult
  public func directory(_ relative: String) throws -> Self {
    try directory(relative: FilePath(relative))
    return self
  }

  /// Makes a symbolic link.
  @discardableResult
  public func link(_ relative: String, to target: String) throws -> Self {
    try directory(relative: FilePath(relative).removingLastComponent())
    guard symlink(target, path(relative)) == 0 else { throw Errno(rawValue: errno) }
    return self
  }

  /// Makes a version of a subarch: `stages` of `<stage>-<subarch>-<build>-<version>.tar.xz`, and `status`.
  @discardableResult
  public func version(
    _ path: String, stages: [String] = ["stage3"], status: String? = "ok", compression: String = ".xz"
  ) throws -> Self {
    let names = path.split(separator: "/")
    precondition(names.count == 4, "BUILD/ARCH/SUBARCH/VERSION")
    try directory(path)
    for stage in stages {
      let name = "\(stage)-\(names[2])-\(names[0])-\(names[3]).tar\(compression)"
      try file("\(path)/\(name)", "content of \(name)")
    }
    if let status { try file("\(path)/status", status) }
    return self
  }

  /// The target of a link; nil if there is none.
  public func target(of relative: String) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: path(relative))
  }

  /// The content of a file; nil if there is none.
  public func content(_ relative: String) -> Data? { FileManager.default.contents(atPath: path(relative)) }

  /// The sorted names in a directory, including hidden ones.
  public func names(in relative: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path(relative)).sorted()
  }

  /// The time of scans in tests: 2026-11-22 12:00 UTC, in seconds since the epoch.
  public static let noon: Int64 = 1_795_348_800

  /// Scans the mirror at ``noon``; `isAlive` decides which lock holders are alive.
  public func scan(isAlive: @escaping @Sendable (Int32) -> Bool = { _ in false }) throws -> Mirror {
    try MirrorScanner(
      root: root, layout: .metro, kinds: .builtIn, jobs: 1, now: Self.noon,
      probe: ProcessProbe { pid, _ in isAlive(pid) }
    ).scan()
  }

  private func directory(relative: FilePath) throws {
    var path = root
    for component in relative.components {
      path.append(component)
      guard mkdir(path.string, 0o755) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
    }
  }
}
