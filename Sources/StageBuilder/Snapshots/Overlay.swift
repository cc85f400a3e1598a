import LinuxSystem
import SystemPackage

/// A repository beside the package tree: `[section snapshot/overlay/NAME]`.
struct Overlay {
  /// The name of the repository.
  let name: String
  let source: TreeSource
  /// Its section of repos.conf in the stage.
  let configuration: String

  /// The directory in a snapshot that contains the overlays, and their sections of repos.conf as `NAME.conf`.
  static let directory = "overlays"

  init(_ name: String, _ settings: BuildSettings, _ source: TreeSource) throws {
    guard !name.hasPrefix("-"), !name.isEmpty, name.utf8.allSatisfy(\.isNameByte) else {
      throw MirrorError(
        .invalid, "snapshot/overlays", "`\(name)` is not the name of a repository",
        remedy: "use letters, digits, `_` and `-`")
    }
    self.name = name
    self.source = source
    let section = "snapshot/overlay/\(name)"
    let location = try settings.text("\(section)/location") ?? "/var/db/repos/\(name)"
    let parts = location.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    guard location.hasPrefix("/"), parts.count > 1,
      parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains(" ") })
    else {
      throw MirrorError(
        .invalid, "\(section)/location", "`\(location)` is not a directory in the stage",
        remedy: "use an absolute path such as /var/db/repos/\(name)")
    }
    // Other machines cannot fetch from a directory of this one.
    let isPublic = source.kind != .local && source.remote.contains("://") && !source.remote.hasPrefix("file:")
    var lines = ["[\(name)]", "location = \(location)"]
    if let address = try settings.text("\(section)/sync-uri") ?? (isPublic ? source.remote : nil) {
      lines += ["sync-type = \(try settings.text("\(section)/sync-type") ?? source.kind.rawValue)"]
      lines += ["sync-uri = \(address)"]
    }
    configuration = lines.joined(separator: "\n") + "\n"
  }

  /// Throws unless a tree is the repository of this name.
  func check(_ tree: FilePath) throws(MirrorError) {
    let own = try PackageTree(tree).repositoryName()
    guard own == name else {
      throw MirrorError(
        .invalid, source.remote, "is the repository `\(escaped(Array(own.utf8)))`, not `\(name)`",
        remedy: "use its own name in snapshot/overlays")
    }
  }
}
