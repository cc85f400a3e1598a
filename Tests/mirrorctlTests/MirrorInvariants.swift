import Foundation
import SystemPackage
import TestSupport

/// The invariants of section 5 of the design, checked on a mirror after an aborted run.
///
/// Independent of the program's code: it compares with the mirror before the run and after an undisturbed
/// one, and uses `sha256sum` and `xmllint`.
struct MirrorInvariants {
  let before: Tree
  let after: Tree
  let workspace: Workspace
  /// Paths that must survive although the complete run might remove something of them.
  var survivors = FaultMirror.survivors

  /// The violations, one line each.
  func violations() throws -> [String] {
    let now = try Tree(workspace.mirror)
    var found = Self.unexpected(in: now, before, after) + missing(in: now) + links(in: now)
    found += try digests(in: now)
    found += try index(in: now) + Self.indexes(in: now)
    return found
  }

  /// Whether a path is a file being written, a directory being deleted, or inside of one.
  static func isTemporary(_ path: String) -> Bool {
    guard path.contains(".mirrorctl-") else { return false }
    return path.split(separator: "/").contains { $0.hasPrefix(".mirrorctl-") && $0.hasSuffix(".tmp") }
  }

  /// Metro's marks of work in progress: they contain a process ID, and have no effect if it is dead.
  static func isProgress(_ path: String) -> Bool {
    path.hasSuffix(".tar.cme.run") || path.hasSuffix("/.control/.multi_progress")
  }

  static func isLock(_ path: String) -> Bool { path == ".mirrorctl.lock" }

  /// Leftovers of a tree.
  static func leftovers(in tree: Tree) -> [String] {
    tree.nodes.keys.filter(isTemporary).map { "\($0) is left over" }.sorted()
  }

  /// Invariant 1: every visible file is in its old or its new state, not in between.
  static func unexpected(in now: Tree, _ before: Tree, _ after: Tree) -> [String] {
    now.nodes.compactMap { path, node in
      if isTemporary(path) || isLock(path) || isProgress(path) { return nil }
      // A run of several steps writes it several times; xmllint checks whether it is complete.
      if path == "index.xml" && (before.nodes[path] ?? after.nodes[path]) != nil { return nil }
      return node == before.nodes[path] || node == after.nodes[path] ? nil : "\(path) is partial, or foreign"
    }.sorted()
  }

  /// Invariants 4 and 5: protected files are intact, and so are all files that the complete run keeps.
  private func missing(in now: Tree) -> [String] {
    let kept = before.nodes.keys.filter { path in
      after.nodes[path] != nil || path == "index.xml"
        || survivors.contains { path == $0 || path.hasPrefix($0 + "/") }
    }
    return kept.filter { now.nodes[$0] == nil && !isCompressed($0, in: now) }.map { "\($0) is gone" }.sorted()
  }

  /// A `.tar` and its mark are deleted once the compressed file exists.
  private func isCompressed(_ path: String, in now: Tree) -> Bool {
    let plain = path.hasSuffix(".cme") ? String(path.dropLast(4)) : path
    return plain.hasSuffix(".tar") && now.nodes[plain + ".xz"] != nil
  }

  /// Invariant 3: a link is created after its target, and deleted before it.
  private func links(in now: Tree) -> [String] {
    now.nodes.compactMap { path, node in
      guard case .link(let target) = node, before.nodes[path] != node || leads(path, target, in: before)
      else {
        return nil
      }
      return isTemporaryOrLeads(path, target, in: now) ? nil : "\(path) leads nowhere"
    }.sorted()
  }

  private func isTemporaryOrLeads(_ path: String, _ target: String, in tree: Tree) -> Bool {
    Self.isTemporary(path) || leads(path, target, in: tree)
  }

  private func leads(_ path: String, _ target: String, in tree: Tree) -> Bool {
    tree.nodes[FilePath(path).removingLastComponent().pushing(FilePath(target)).lexicallyNormalized().string]
      != nil
  }

  /// Invariants 1 and 2: every `.hash.txt` is a complete line that matches `sha256sum`.
  private func digests(in now: Tree) throws -> [String] {
    var problems: [String] = []
    var list = ""
    for (path, node) in now.nodes where !Self.isTemporary(path) {
      guard case .file(let bytes) = node, path.hasSuffix(".hash.txt") else { continue }
      let tarball = String(path.dropLast(9))
      // Orphans existed before.
      guard now.nodes[tarball] != nil else { continue }
      let text = String(decoding: bytes, as: UTF8.self)
      guard let match = text.wholeMatch(of: /sha256 ([0-9a-f]{64})\n/) else {
        problems.append("\(path) is no digest")
        continue
      }
      list += "\(match.1)  \(workspace.mirror)/\(tarball)\n"
    }
    guard !list.isEmpty else { return problems }
    let judge = try workspace.run(["sha256sum", "--check", "--strict", "--quiet"], input: Array(list.utf8))
    return judge.status == 0 ? problems : problems + [judge.text + judge.errorText]
  }

  /// Invariant 4 for the other formats: they name only existing files.
  private static func indexes(in now: Tree) -> [String] {
    now.nodes.flatMap { path, node -> [String] in
      guard case .file(let bytes) = node, !isTemporary(path) else { return [] }
      let text = String(decoding: bytes, as: UTF8.self)
      var named: [String] = []
      if path.hasSuffix("/latest.txt") {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        named = lines.map { "\(path.dropLast("latest.txt".count))\($0.prefix { $0 != " " })" }
      } else if path == "index.json" {
        named = text.matches(of: /"download" : "\/([^"]*)"/).map { String($0.1) }
      } else if path.hasPrefix("streams/v1/") {
        named = text.matches(of: /"path" : "([^"]*)"/).map { String($0.1) }
      } else if path.hasSuffix(".meta4") {
        named = [String(path.dropLast(".meta4".count))]
      }
      return named.filter { now.nodes[$0] == nil }.map { "\(path) names \($0)" }
    }.sorted()
  }

  /// Invariant 4: the index is well-formed and names only existing files.
  private func index(in now: Tree) throws -> [String] {
    guard case .file(let bytes)? = now.nodes["index.xml"] else { return [] }
    let judge = try workspace.run(["xmllint", "--noout", workspace.mirror.appending("index.xml").string])
    guard judge.status == 0 else { return [judge.errorText] }
    let text = String(decoding: bytes, as: UTF8.self)
    return text.matches(of: /download="\/([^"]*)"/).compactMap { match in
      now.nodes[String(match.1)] == nil ? "index.xml names \(match.1)" : nil
    }
  }
}
