import Hashing
import LinuxSystem
import MirrorModel
import SystemPackage

/// What a tarball says about one of its members, for a comparison.
struct MemberFacts {
  /// As written; that of a directory ends with a slash.
  let name: [UInt8]
  /// Names and texts of its properties.
  private(set) var facts: [String: String]

  /// Reads the content of the member, too.
  init(_ member: TarMember, from reader: inout TarReader) throws(MirrorError) {
    let attributes = member.attributes
    facts = [
      "mode": String(attributes.permissions, radix: 8), "owner": "\(attributes.uid):\(attributes.gid)",
      "time": Self.text(attributes.mtime),
    ]
    var name = member.name
    switch member.kind {
    case .regular(let size):
      facts["kind"] = "file"
      facts["size"] = "\(size)"
      facts["content"] = try Self.digest(&reader)
    case .directory:
      facts["kind"] = "directory"
      if name.last != UInt8(ascii: "/") { name.append(UInt8(ascii: "/")) }
    case .link(let target): (facts["kind"], facts["target"]) = ("symbolic link", MemberFault.excerpt(target))
    case .hardLink(let target): (facts["kind"], facts["target"]) = ("hard link", MemberFault.excerpt(target))
    case .fifo: facts["kind"] = "named pipe"
    case .socket: facts["kind"] = "socket"
    case .device(let mode, let major, let minor):
      facts["kind"] = NodeStatus.kind(mode) == .blockDevice ? "block device" : "character device"
      facts["number"] = "\(major):\(minor)"
    }
    self.name = name
    let lists = member.namedLists.map { ($0.attribute, Array("\($0.entries)".utf8)) }
    for (attribute, value) in attributes.extended.map({ ($0.name, $0.value) }) + lists {
      facts["attribute \(attribute)"] = try Self.text(value)
    }
  }

  /// The properties that differ, with the values here and there.
  func differences(from other: MemberFacts) -> [String] {
    Set(facts.keys).union(other.facts.keys).sorted().compactMap { name in
      facts[name] == other.facts[name]
        ? nil : "\(name) \(facts[name] ?? "none") and \(other.facts[name] ?? "none")"
    }
  }

  /// The SHA-256 of its content, and of where its holes are.
  private static func digest(_ reader: inout TarReader) throws(MirrorError) -> String {
    var digest = try OpenSSLDigest(.sha256)
    var end: Int64 = 0
    while let (bytes, offset) = try reader.nextBlock() {
      if offset != end { try add(Array("hole to \(offset)\n".utf8), to: &digest) }
      try digest.update(bytes)
      end = offset + Int64(bytes.count)
    }
    return "sha256:\(hex(try digest.finish()))"
  }

  private static func add(_ bytes: [UInt8], to digest: inout OpenSSLDigest) throws(MirrorError) {
    let part = try OpenSSLDigest.sha256(of: bytes)
    let fault = part.withUnsafeBytes { buffer -> MirrorError? in
      do throws(MirrorError) {
        try digest.update(buffer)
        return nil
      } catch { return error }
    }
    if let fault { throw fault }
  }

  private static func text(_ time: NodeTime) -> String {
    let fraction = String(time.nanoseconds)
    return "\(time.seconds).\(String(repeating: "0", count: max(0, 9 - fraction.count)))\(fraction)"
  }

  /// Short values as they are, long ones by their digest.
  private static func text(_ value: [UInt8]) throws(MirrorError) -> String {
    value.count <= 64
      ? "`\(escaped(value))`" : "of \(value.count) bytes, sha256:\(hex(try OpenSSLDigest.sha256(of: value)))"
  }
}
