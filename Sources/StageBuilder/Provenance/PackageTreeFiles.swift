import LinuxSystem
import MirrorModel
import MirrorTools

/// The files of package trees in a root that say what packages were built from: caches of metadata, and Manifests.
final class PackageTreeFiles {
  private let trees: [(name: String, directory: Shared<AnchoredDirectory>)]
  /// The lines of Manifests, by tree and package.
  private var manifests: [String: [String: Digests]] = [:]

  private typealias Digests = (sha512: String?, blake2b: String?)

  private static let largestManifest = 4 << 20
  private static let mostSources = 2000

  /// Whether no tree is in the root.
  var isEmpty: Bool { trees.isEmpty }

  /// - Parameter candidates: where a tree may be; those below `var/db/repos` are found as well.
  init(_ root: borrowing AnchoredDirectory, candidates: [MirrorPath]) {
    var places = candidates
    let repositories: MirrorPath = "var/db/repos"
    if let folder = try? root.existingDirectory(repositories) {
      let names = ((try? folder.entries()) ?? []).filter { $0.kind == .directory && !$0.name.isHidden }
      for name in names.map(\.name).sorted() where !places.contains(repositories.appending(name)) {
        places.append(repositories.appending(name))
      }
    }
    var trees: [(name: String, directory: Shared<AnchoredDirectory>)] = []
    for place in places.prefix(64) {
      guard let directory = try? root.existingDirectory(place),
        let name = directory.smallContents("profiles/repo_name", limit: 4096).flatMap(PackageInventory.text)
      else { continue }
      trees.append((name, Shared(directory)))
    }
    self.trees = trees
  }

  /// The files that a package was built from.
  ///
  /// - Parameters:
  ///   - package: `sys-apps/busybox`.
  ///   - said: `SRC_URI`; nil to take that of the tree.
  ///   - repository: the tree that it is from.
  func sources(
    of package: String, _ full: String, said: String?, _ flags: Set<String>, repository: String?
  ) -> [InstalledPackage.Source] {
    let tree = trees.first { $0.name == repository } ?? (repository == nil ? trees.first : nil)
    guard
      let text = said
        ?? tree.flatMap({ cached("SRC_URI", of: full, in: $0.directory.value) }),
      let reduced = DependencyText.reduced(text, with: flags, hasAtoms: false)
    else { return [] }
    let known = tree.map { digests(of: package, in: $0.directory.value, $0.name) } ?? [:]
    return Self.files(in: reduced).map { name, url in
      InstalledPackage.Source(
        name: name, url: url, sha512: known[name]?.sha512, blake2b: known[name]?.blake2b)
    }
  }

  /// The files of a `SRC_URI`, by name, with their first URL.
  private static func files(in text: String) -> [(name: String, url: String?)] {
    var files: [String: String?] = [:]
    let words = text.split(separator: " ").filter { !["(", ")", "||"].contains($0) }
    var index = 0
    while index < words.count, files.count < mostSources {
      let word = words[index]
      var name = word.split(separator: "/").last.map(String.init) ?? ""
      index += 1
      if index + 1 < words.count, words[index] == "->" {
        name = String(words[index + 1])
        index += 2
      }
      guard !name.isEmpty, name != "." else { continue }
      let plain =
        word.hasPrefix("fetch+") || word.hasPrefix("mirror+") ? word.drop { $0 != "+" }.dropFirst() : word
      let url = ["https://", "http://", "ftp://"].contains { plain.hasPrefix($0) } ? String(plain) : nil
      files[name] = .some(files[name].flatMap(\.self) ?? url)
    }
    return files.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
  }

  /// A value of the cache of metadata.
  private func cached(
    _ key: String, of full: String, in tree: borrowing AnchoredDirectory
  ) -> String? {
    let path: MirrorPath = "metadata/md5-cache"
    guard let text = tree.smallContents(path.joined(MirrorPath(full)), limit: 1 << 20) else { return nil }
    let start = Array("\(key)=".utf8)
    return text.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: start) }
      .flatMap { PackageInventory.text($0.dropFirst(start.count)) }
  }

  /// The digests of the files in a package's Manifest (GLEP 74).
  private func digests(
    of package: String, in tree: borrowing AnchoredDirectory, _ name: String
  ) -> [String: Digests] {
    let key = "\(name) \(package)"
    if let known = manifests[key] { return known }
    var found: [String: Digests] = [:]
    let path = MirrorPath(package).appending("Manifest")
    let text = tree.smallContents(path, limit: Self.largestManifest) ?? []
    for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: "DIST ".utf8) {
      let words = String(decoding: line, as: UTF8.self).split(separator: " ").map(String.init)
      guard words.count > 3 else { continue }
      var digests: Digests = (nil, nil)
      for (algorithm, digest) in zip(words.dropFirst(3), words.dropFirst(4)) where Self.isHex(digest, 128) {
        if algorithm == "SHA512" { digests.sha512 = digest.lowercased() }
        if algorithm == "BLAKE2B" { digests.blake2b = digest.lowercased() }
      }
      found[words[1]] = digests
    }
    manifests[key] = found
    return found
  }

  private static func isHex(_ text: String, _ count: Int) -> Bool {
    text.utf8.count == count && text.allSatisfy(\.isHexDigit)
  }
}
