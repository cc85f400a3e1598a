import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// Mount points in a root that may be hostile.
///
/// Links are followed only inside the root, whatever their targets. Missing mount points are created, and
/// reported so that they are removed after the step.
struct MountPoints: ~Copyable {
  private let root: Descriptor
  private let report: SandboxReport.Writer

  /// Mount points in the root directory of this process.
  init(_ report: SandboxReport.Writer) throws(MirrorError) {
    root = Descriptor(
      owning: try checked(open("/", CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC), "open", "/"))
    self.report = report
  }

  /// A directory at the top of the root that must not be a link: `dev`.
  func plainDirectory(_ name: String, mode: mode_t = 0o755, isKept: Bool = false) throws(MirrorError)
    -> Descriptor
  {
    if mkdirat(root.raw, name, mode) == 0 {
      // The umask may have removed bits.
      fchmodat(root.raw, name, mode, 0)
      if !isKept { report.made(.directory, "/\(name)") }
    } else if errno != EEXIST {
      throw .system(lastErrno(), "create", "/\(name)")
    }
    let raw = openat2(root.raw, name, CLINUX_O_PATH | O_DIRECTORY, CLINUX_NO_LINKS)
    guard raw < 0 else { return Descriptor(owning: raw) }
    throw strange("/\(name)", lastErrno())
  }

  /// A directory; created with its parents if missing.
  func directory(_ path: String) throws(MirrorError) -> Descriptor {
    try directory(try components(of: path))
  }

  private func directory(_ components: ArraySlice<Substring>) throws(MirrorError) -> Descriptor {
    // The deepest directory that exists; then those below it are created one by one.
    var count = components.count
    var raw: Int32 = -1
    while true {
      let path = components.prefix(count).joined(separator: "/")
      raw = openat2(root.raw, path.isEmpty ? "." : path, CLINUX_O_PATH | O_DIRECTORY, CLINUX_IN_ROOT)
      if raw >= 0 { break }
      guard errno == ENOENT, count > 0 else { throw strange("/\(path)", lastErrno()) }
      count -= 1
    }
    var directory = Descriptor(owning: raw)
    for name in components.dropFirst(count).map(String.init) {
      count += 1
      let path = "/" + components.prefix(count).joined(separator: "/")
      guard mkdirat(directory.raw, name, 0o755) == 0 else { throw strange(path, lastErrno()) }
      report.made(.directory, path)
      let made = openat2(directory.raw, name, CLINUX_O_PATH | O_DIRECTORY, CLINUX_NO_LINKS)
      directory = Descriptor(owning: try checked(made, "open", path))
    }
    return directory
  }

  /// A regular file or device; created as an empty file if missing.
  func file(_ path: String) throws(MirrorError) -> Descriptor {
    let components = try components(of: path)
    let raw = openat2(root.raw, components.joined(separator: "/"), CLINUX_O_PATH, CLINUX_IN_ROOT)
    if raw >= 0 { return Descriptor(owning: raw) }
    guard errno == ENOENT, let name = components.last.map(String.init) else {
      throw strange(path, lastErrno())
    }
    let parent = try directory(components.dropLast())
    let made = openat(parent.raw, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard made >= 0 else { throw strange(path, lastErrno()) }
    report.made(.placeholder, path)
    return Descriptor(owning: made)
  }

  /// Whether a character device exists there.
  func isDevice(_ path: String) -> Bool {
    var found = clinux_status()
    guard clinux_status(AT_FDCWD, path, &found) == 0 else { return false }
    return found.mode & S_IFMT == S_IFCHR
  }

  /// Whether a symbolic link has this path; links in its parents are followed in the root.
  func isLink(_ path: String) -> Bool { linkText(path) != nil }

  /// The path in the root where a symbolic link leads, through further links; nothing needs to be there.
  func target(ofLink path: String) throws(MirrorError) -> String {
    var path = FilePath(path)
    for _ in 0..<40 {
      guard let text = linkText(path.string) else { return path.string }
      path = path.removingLastComponent().pushing(FilePath(text)).normalized
    }
    throw strange(path.string, .tooManySymbolicLinkLevels)
  }

  /// The target of a link as written; nil if there is none.
  private func linkText(_ path: String) -> String? {
    guard let slash = path.lastIndex(of: "/") else { return nil }
    let parent = openat2(root.raw, "." + path[..<slash], CLINUX_O_PATH | O_DIRECTORY, CLINUX_IN_ROOT)
    guard parent >= 0 else { return nil }
    let directory = Descriptor(owning: parent)
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlinkat(directory.raw, String(path[path.index(after: slash)...]), &target, target.count)
    return count > 0
      ? String(decoding: target.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
  }

  private func components(of path: String) throws(MirrorError) -> ArraySlice<Substring> {
    let components = path.split(separator: "/")
    guard path.hasPrefix("/"), !components.isEmpty, !components.contains(where: { $0 == "." || $0 == ".." })
    else {
      throw MirrorError(
        .invalid, path, "is not a valid mount point", remedy: "use an absolute path without `..`")
    }
    return components[...]
  }

  private func openat2(_ directory: Int32, _ path: String, _ flags: Int32, _ resolve: UInt64) -> Int32 {
    clinux_openat2(directory, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), 0, resolve)
  }

  private func strange(_ path: String, _ error: Errno) -> MirrorError {
    let problem =
      switch error {
      case .tooManySymbolicLinkLevels: "is a symbolic link in the root"
      case .fileExists: "is a dangling symbolic link in the root"
      case .notDirectory: "is not a directory in the root"
      default: "cannot be used in the root: \(error)"
      }
    return MirrorError(
      .system(error), path, problem, remedy: "check what the seed or an earlier step created there")
  }
}
