package import LinuxSystem
import MirrorModel

/// The files that one target makes, wherever it is built: its tarball or image, what is beside it, and its logs.
package struct TargetFiles: Hashable, Codable, Sendable {
  /// Begins the names of uploads of the jobs of a farm, which no host has; only the farm receives them.
  package static let uploads = "farm_"

  /// The directory of its version, or of snapshots, relative to the root of the mirror.
  package let directory: MirrorPath
  /// What the names of its tarball and of the files beside it begin with.
  let stem: FileName
  /// The name of the target, and of its logs: `stage3`.
  let target: FileName

  /// The name of the target.
  package var name: String { "\(target)" }

  /// - Parameter output: its tarball or image, relative to the root of the mirror.
  package init(of output: MirrorPath, target name: String) {
    directory = output.parent
    stem = TarballName(output.name, .builtIn)?.stem ?? output.name
    target = FileName(name)
  }

  /// Whether a path is one of the files.
  package func holds(_ path: MirrorPath) -> Bool {
    switch path.place.versionFile {
    case .buildInfo: return path.parent == directory
    case .log(let file):
      let names = [target.appending(".txt"), target.appending(".inputs.json"), "errors.json"]
      return path.parent.parent == directory && names.contains { file == MirrorPath(bytes: $0.bytes) }
    case .status, .targets, .failedTargets, .withdrawal, .candidacy: return false
    case nil: break
    }
    guard path.parent == directory, path.name.bytes.starts(with: stem.bytes) else { return false }
    let rest = path.name.bytes.dropFirst(stem.bytes.count)
    return rest.first.map { [UInt8(ascii: "."), UInt8(ascii: "-")].contains($0) } ?? true
  }
}
