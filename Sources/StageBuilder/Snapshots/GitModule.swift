import LinuxSystem
import SystemPackage

/// A repository inside another, as described by `.gitmodules`; see gitmodules(5).
struct GitModule: Hashable {
  /// Its path in the other repository.
  let path: String
  /// The URL that it is fetched from.
  let remote: String
  /// The branch that it follows.
  let branch: String
  /// The commit that the other repository names.
  var commit = ""

  /// The name of its object cache.
  var cacheName: String { path.replacing("/", with: "-") }

  /// Parses `git config --list` of `.gitmodules`: lines `submodule.NAME.path=VALUE`.
  ///
  /// - Throws: when a path leads out of the repository.
  static func all(in text: String, remote: String) throws(MirrorError) -> [GitModule] {
    var values: [String: [String: String]] = [:]
    for line in text.split(separator: "\n") {
      guard line.hasPrefix("submodule."), let end = line.firstIndex(of: "="),
        let dot = line[..<end].lastIndex(of: ".")
      else { continue }
      values[String(line[..<dot]), default: [:]][String(line[line.index(after: dot)..<end])] =
        String(line[line.index(after: end)...])
    }
    var modules: [GitModule] = []
    for (name, module) in values.sorted(by: { $0.key < $1.key }) {
      guard let path = module["path"], let url = module["url"] else { continue }
      let names = path.split(separator: "/", omittingEmptySubsequences: false)
      guard names.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") }), !url.hasPrefix("-") else {
        throw MirrorError(
          .refused, "\(remote): .gitmodules", "\(name) has path `\(path)` and URL `\(url)`",
          remedy: "inspect it by hand")
      }
      modules.append(
        GitModule(path: path, remote: resolve(url, against: remote), branch: module["branch"] ?? "master"))
    }
    return modules
  }

  /// A URL that begins with `./` or `../` is relative to the repository's own.
  static func resolve(_ url: String, against remote: String) -> String {
    guard url.hasPrefix("./") || url.hasPrefix("../") else { return url }
    var base = remote.split(separator: "/", omittingEmptySubsequences: false)
    while base.last?.isEmpty == true { base.removeLast() }
    for part in url.split(separator: "/") {
      if part == ".." {
        if base.count > 1 { base.removeLast() }
      } else if part != "." {
        base.append(part)
      }
    }
    return base.joined(separator: "/")
  }
}
