import Hashing
package import LinuxSystem
import MirrorModel
import MirrorTools
package import SystemPackage

/// The identity of a spec tree: a digest of its files, and its commit if it is in a work tree of git.
package struct SpecTreeDigest {
  /// The SHA-256 of lines `SHA256  PATH`, sorted by path, one for each regular file.
  let sha256: String
  let commit: String?
  /// Whether files of the tree differ from the commit.
  let isModified: Bool

  private static let (mostFiles, largest, deepest) = (20_000, 16 << 20, 16)

  /// nil if it is not there, or is not a tree of small files.
  init?(_ tree: FilePath) throws(MirrorError) {
    guard tree.exists, let directory = try? AnchoredDirectory(root: tree) else { return nil }
    var waiting: [(path: MirrorPath, depth: Int)] = [(.root, 0)]
    var lines: [(path: MirrorPath, line: [UInt8])] = []
    while let (path, depth) = waiting.popLast() {
      let folder = try path.bytes.isEmpty ? directory.duplicate() : directory.directory(path)
      for entry in try folder.entries() where !entry.name.isHidden {
        let inner = path.appending(entry.name)
        if entry.kind == .directory, depth < Self.deepest { waiting.append((inner, depth + 1)) }
        guard entry.kind == .regular, let bytes = directory.smallContents(inner, limit: Self.largest)
        else { continue }
        guard lines.count < Self.mostFiles else { return nil }
        lines.append(
          (inner, Array("\(hex(try OpenSSLDigest.sha256(of: bytes)))  ".utf8) + inner.bytes + [0x0a]))
      }
    }
    guard !lines.isEmpty else { return nil }
    lines.sort { $0.path < $1.path }
    sha256 = hex(try OpenSSLDigest.sha256(of: lines.flatMap(\.line)))
    let described = Self.git(tree)
    commit = described.map { String($0.prefix { $0.isHexDigit }) }
    isModified = described?.hasSuffix("-dirty") ?? false
  }

  /// The digest of several trees together; nil if there is none.
  package static func key(of trees: [FilePath]) throws(MirrorError) -> String? {
    var digests: [String] = []
    for tree in trees { if let digest = try SpecTreeDigest(tree)?.sha256 { digests.append(digest) } }
    return digests.isEmpty ? nil : hex(try OpenSSLDigest.sha256(of: Array(digests.joined().utf8)))
  }

  /// `COMMIT` or `COMMIT-dirty`; nil outside of a work tree, or without git.
  private static func git(_ tree: FilePath) -> String? {
    let outcome = try? HostProgram.run(
      ["git", "-C", tree.string, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
      environment: ["GIT_OPTIONAL_LOCKS": "0"], errors: .lost, limit: 60)
    guard let outcome, outcome.status == 0 else { return nil }
    let text = String(decoding: outcome.output.prefix { $0 > 0x20 }, as: UTF8.self)
    return text.prefix(while: \.isHexDigit).count >= 40 ? text : nil
  }

  /// As a dependency of a build.
  func resource(_ role: String) -> Statement.Resource {
    var digest = ["sha256": sha256]
    digest["gitCommit"] = commit
    var annotations = ["role": role]
    if isModified { annotations["modified"] = "yes" }
    return Statement.Resource(name: role, digest: digest, annotations: annotations)
  }
}
