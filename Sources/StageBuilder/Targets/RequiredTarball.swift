import MirrorModel
import LinuxSystem
import SystemPackage

/// A tarball that a target needs: a seed, or a snapshot.
enum RequiredTarball {
  /// Its path: under its name, not yet compressed, or in another format.
  ///
  /// - Parameters:
  ///   - key: the element that names it; the name may be a pattern that matches one file.
  ///   - remedy: what to do if it does not exist; nil for that of a seed or a snapshot.
  static func find(_ key: String, _ settings: BuildSettings, remedy: Remedy? = nil) throws -> FilePath {
    let path = try settings.requiredPath(key)
    try checkMark(of: path)
    if let found = try path.exists ? path : pattern(key, path) ?? inOtherFormat(path) {
      try checkWithdrawal(of: found, key)
      return found
    }
    throw MirrorError(
      .invalid, path.string, "does not exist, but \(key) refers to it",
      remedy: remedy
        ?? (key == "path/mirror/snapshot"
          ? "create it with \(run: .snapshot)"
          : "check .control of its subarch, and see \(run: .preparation)"))
  }

  /// Throws if a step was writing the tarball when its build was killed, or is writing it now.
  private static func checkMark(of path: FilePath) throws(MirrorError) {
    guard let name = path.lastComponent else { return }
    let mark = path.removingLastComponent().appending("\(TarballOutput.mark(of: FileName(name.string)))")
    guard mark.exists else { return }
    throw MirrorError(
      .invalid, path.string, "is not complete: a build is writing it, or was killed while it did",
      remedy: "build it again")
  }

  /// Throws if the tarball, or its version, was withdrawn: nothing is built from it.
  private static func checkWithdrawal(of path: FilePath, _ key: String) throws(MirrorError) {
    let notices = [
      path.removingLastComponent().appending("\(VersionFile.withdrawal.path)"),
      FilePath("\(path)\(SidecarKind.withdrawal.rawValue)"),
    ]
    guard let notice = notices.first(where: \.exists) else { return }
    throw MirrorError(
      .invalid, path.string, "was withdrawn, but \(key) refers to it",
      remedy: "see \(notice), and name another in the configuration or in .control")
  }

  private static func inOtherFormat(_ path: FilePath) -> FilePath? {
    guard let name = path.lastComponent.flatMap({ TarballName(FileName($0.string), .builtIn) }) else {
      return nil
    }
    let directory = path.removingLastComponent()
    return name.alternatives.lazy.map { directory.appending("\($0)") }.first(where: \.exists)
  }

  private static func pattern(_ key: String, _ path: FilePath) throws(MirrorError) -> FilePath? {
    guard path.string.contains(where: { "*?[".contains($0) }) else { return nil }
    let found = FilePath.matches(of: path)
    guard found.count <= 1 else {
      throw MirrorError(
        .invalid, key, "\(found.count) files match `\(path)`", remedy: "make it match one file")
    }
    return found.first
  }
}
