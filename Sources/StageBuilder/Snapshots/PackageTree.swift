import LinuxSystem
import SystemPackage

/// The directory of a package tree, and what shows that it is one.
struct PackageTree {
  private let path: FilePath

  init(_ path: FilePath) { self.path = path }

  /// Throws if it is something else, which no stage could use.
  ///
  /// - Parameter source: where it comes from, for the message.
  func check(source: String) throws(MirrorError) {
    guard path.exists else {
      throw MirrorError(
        .invalid, source, "does not exist", remedy: "check snapshot/source/remote and snapshot/source/type")
    }
    if isRepository || isMetaRepository { return }
    throw MirrorError(
      .invalid, source, "is not a package tree: it contains neither profiles/repo_name nor kits",
      remedy: "check snapshot/source/remote and snapshot/source/branch")
  }

  /// Whether it has the profiles of a repository of Portage, which is named in one of two files.
  private var isRepository: Bool {
    has("profiles/repo_name") || has("profiles") && has("metadata/layout.conf")
  }

  /// The name of the repository; empty if it is not in `profiles/repo_name`.
  func repositoryName() throws(MirrorError) -> String {
    guard has("profiles/repo_name") else { return "" }
    let text = try AnchoredDirectory(root: path).contents(of: "profiles/repo_name", limit: 1 << 10) ?? []
    return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
      ?? ""
  }

  /// Whether it is a meta-repo of Funtoo or Macaroni: a list of kits, which a stage may still have to fetch, or
  /// the kits themselves, of which one contains the profiles.
  private var isMetaRepository: Bool {
    if has("metadata/kit-sha1.json") || has("metadata/kit-info.json") { return true }
    let kits = path.appending("kits")
    let names = ((try? AnchoredDirectory(root: kits).entries()) ?? []).compactMap(\.name.text)
    return names.contains { PackageTree(kits.appending($0)).isRepository }
  }

  private func has(_ name: String) -> Bool { path.appending(name).exists }
}
