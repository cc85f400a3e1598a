import LinuxSystem
public import MirrorModel
public import Foundation
import Glibc
public import SystemPackage

/// A mirror in a temporary directory, removed with this value.
public final class TestMirror: Sendable {
  /// Where it lies.
  public let root: FilePath

  /// An empty mirror.
  public init() throws {
    var template = Array("/tmp/mirrorctl-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    root = FilePath(platformString: template)
  }

  deinit {
    // It cannot remove names that are no UTF-8.
    do { try FileManager.default.removeItem(atPath: root.string) } catch {
      _ = try? Tool.run("rm", "-rf", root.string)
    }
  }

  /// The absolute path of something in the mirror.
  public func path(_ relative: String) -> String { "\(root)/\(relative)" }

  /// Writes a file, with the directories that it needs; `mtime` in seconds since the epoch.
  ///
  /// A compressed tarball holds a stream of the text, as ``Compressed`` makes it.
  @discardableResult
  public func file(_ relative: String, _ text: String = "", mtime: Int? = nil) throws -> Self {
    try file(relative, Compressed.file(relative, holding: text), mtime: mtime)
  }

  /// Writes a file of these bytes, with the directories that it needs; `mtime` in seconds since the epoch.
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

  /// What a link says; nil if there is none.
  public func target(of relative: String) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: path(relative))
  }

  /// The content of a file; nil if there is none.
  public func content(_ relative: String) -> Data? { FileManager.default.contents(atPath: path(relative)) }

  /// The names in a directory, hidden ones too, sorted.
  public func names(in relative: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path(relative)).sorted()
  }

  /// When tests look at a mirror: 2026-11-22 12:00 UTC, in seconds since the epoch.
  public static let noon: Int64 = 1_795_348_800

  /// What the program sees at noon; locks belong to living processes where `isAlive` says so.
  public func scan(isAlive: @escaping @Sendable (Int32) -> Bool = { _ in false }) throws -> Mirror {
    try MirrorScanner(
      root: root, jobs: 1, now: Self.noon, probe: ProcessProbe { pid, _ in isAlive(pid) }
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
