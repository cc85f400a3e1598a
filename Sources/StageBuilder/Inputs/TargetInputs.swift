import Hashing
import LinuxSystem

/// All that makes a target, by name: the same inputs make the same target.
///
/// Not among them: the date of a version where only names contain it, MAKEOPTS and numbers of jobs, paths of the host, and
/// credentials in addresses. What steps find in caches is not known either.
struct TargetInputs: Hashable, Sendable {
  /// Raised when the engine makes something else of the same inputs.
  static let engine = "1"

  /// Names of elements with their expanded texts, and names of files with their SHA-256.
  let values: [String: String]
  /// The SHA-256 of the inputs, in hexadecimal.
  let key: String

  init(_ values: [String: String]) throws(MirrorError) {
    self.values = values
    var bytes: [UInt8] = []
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      bytes += Array("\(name)\n\(value.utf8.count)\n\(value)\n".utf8)
    }
    key = hex(try OpenSSLDigest.sha256(of: bytes))
  }

  /// An input that is not the same as before.
  struct Change: Hashable, Sendable, Encodable {
    let name: String
    /// nil if it is new.
    let old: String?
    /// nil if it is gone.
    let new: String?
  }

  /// What changed since an earlier target, in the order of the names.
  func changes(since old: [String: String]) -> [Change] { Self.changes(from: old, to: values) }

  static func changes(from old: [String: String], to values: [String: String]) -> [Change] {
    Set(values.keys).union(old.keys).sorted().compactMap { name in
      old[name] == values[name] ? nil : Change(name: name, old: old[name], new: values[name])
    }
  }
}

extension TargetInputs.Change {
  private static let limit = 20

  /// For people: the values, or the lines that differ.
  var lines: [String] {
    let before = (old ?? "").split(separator: "\n", omittingEmptySubsequences: false)
    let after = (new ?? "").split(separator: "\n", omittingEmptySubsequences: false)
    guard before.count > 1 || after.count > 1 else {
      return ["\(name): \(old.map { "`\($0)`" } ?? "not set") -> \(new.map { "`\($0)`" } ?? "not set")"]
    }
    guard old != nil, new != nil else { return ["\(name): \(old == nil ? "is new" : "is gone")"] }
    // Long texts would take long to compare.
    guard before.count < 10_000, after.count < 10_000 else { return ["\(name): differs"] }
    let difference = after.difference(from: before)
    let lines = difference.map { change in
      switch change {
      case .remove(_, let line, _): "- \(line)"
      case .insert(_, let line, _): "+ \(line)"
      }
    }
    let rest = lines.count > Self.limit ? ["[\(lines.count - Self.limit) more lines]"] : []
    return ["\(name):"] + (lines.prefix(Self.limit) + rest).map { "  \($0)" }
  }
}
