import Hashing
import LinuxSystem
import MirrorModel
import StageTrees
import SystemPackage

/// The content of a binary package in the format of GLEP 78: a tar archive with `gpkg-1`, an archive of metadata, the
/// image, and a Manifest with the digests of the others, each with an optional signature.
struct Gpkg: Sendable {
  struct Member: Sendable {
    let name: String
    let size: Int64
    let digests: DigestSet
  }

  /// In the order of the archive, without their directory.
  fileprivate(set) var members: [Member] = []
  /// The Manifest, with its signature if it has one.
  fileprivate(set) var manifest: [UInt8] = []
  /// The archive of metadata, as it is in the package, and its name.
  fileprivate(set) var metadata: (name: String, bytes: [UInt8]) = ("", [])
  /// Detached signatures, by the names of the members that they sign.
  fileprivate(set) var signatures: [String: [UInt8]] = [:]

  fileprivate init() {}

  /// Whether the Manifest contains a signature.
  var isSigned: Bool { !Self.body(of: manifest).isPlain }

  /// What is wrong with the members compared with a Manifest; nil for nothing.
  ///
  /// - Parameter text: the lines of the Manifest that count.
  func fault(against text: [UInt8]) -> String? {
    var listed: [String: (size: Int64, digests: DigestSet)] = [:]
    for line in text.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
      let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
      if words.isEmpty { continue }
      guard words[0] == "DATA", words.count > 2, let size = Int64(words[2]), listed[words[1]] == nil else {
        return "its Manifest is malformed"
      }
      var digests = DigestSet()
      for index in stride(from: 3, to: words.count - 1, by: 2) {
        guard let algorithm = DigestAlgorithm(tag: words[index]), algorithm != .sha256 else { continue }
        guard let digest = SidecarText.digest(ArraySlice(words[index + 1].utf8), algorithm)?[algorithm] else {
          return "its Manifest is malformed"
        }
        digests[algorithm] = digest
      }
      listed[words[1]] = (size, digests)
    }
    for member in members where member.name != Self.manifestName {
      guard let found = listed.removeValue(forKey: member.name) else {
        return "its Manifest does not list \(escaped(Array(member.name.utf8)))"
      }
      guard found.size == member.size, !found.digests.algorithms.isEmpty,
        found.digests.agrees(with: member.digests)
      else { return "\(escaped(Array(member.name.utf8))) in it differs from its Manifest" }
    }
    if let missing = listed.keys.min() { return "\(escaped(Array(missing.utf8))) is missing in it" }
    return nil
  }

  /// The lines of a Manifest, without a signature around them.
  static func body(of manifest: [UInt8]) -> (lines: [UInt8], isPlain: Bool) {
    let newline = UInt8(ascii: "\n")
    let lines = manifest.split(separator: newline, omittingEmptySubsequences: false)
    guard lines.first?.starts(with: "-----BEGIN PGP SIGNED MESSAGE-----".utf8) ?? false else {
      return (manifest, true)
    }
    let body = lines.drop { !$0.allSatisfy { $0 == 0x20 || $0 == 0x0d } }
      .prefix { !$0.starts(with: "-----BEGIN PGP SIGNATURE-----".utf8) }
    return (Array(body.joined(separator: [newline])), false)
  }

  fileprivate static let (manifestName, versionName) = ("Manifest", "gpkg-1")
}

/// Reads a package whole, with the digests of its members.
enum GpkgReader {
  /// The maximum number of members, and the maximum sizes of those that are kept in memory.
  private static let (count, metadata, manifest) = (64, Int64(64) << 20, Int64(1) << 20)

  /// - Parameter subject: the package's path, for messages.
  /// - Throws: `invalid` for a file that is not such a package, or is damaged.
  static func read(
    _ file: consuming Descriptor, subject: String, _ cancellation: Cancellation
  ) throws(MirrorError) -> Gpkg {
    let source = Shared(try TarballSource(file, subject: subject))
    guard source.value.compression == nil else { throw fault(subject, "is compressed as a whole") }
    return try TarballSource.read(source, cancellation: cancellation) { pipe throws(MirrorError) in
      var reader = try TarReader(pipe, subject: subject)
      return try members(&reader, subject)
    }
  }

  private static func members(_ reader: inout TarReader, _ subject: String) throws(MirrorError) -> Gpkg {
    var (gpkg, directory) = (Gpkg(), String?.none)
    var sha512 = try OpenSSLDigest(.sha512)
    var blake2b = try OpenSSLDigest(.blake2b)
    while let member = try reader.next() {
      let path = String(decoding: member.name, as: UTF8.self)
      let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard case .regular(let size) = member.kind, parts.count == 2, !parts[1].isEmpty,
        parts[0] == directory ?? parts[0], gpkg.members.count < count
      else { throw fault(subject, "has a member that no package has: \(escaped(member.name))") }
      directory = parts[0]
      let name = parts[1]
      guard !gpkg.members.contains(where: { $0.name == name }) else {
        throw fault(subject, "has two members of one name: \(escaped(member.name))")
      }
      let limit = limit(of: name)
      guard size <= limit ?? .max else {
        throw fault(subject, "has a member that is too large: \(escaped(member.name))")
      }
      var (content, read) = ([UInt8](), Int64(0))
      while let block = try reader.nextBlock() {
        guard block.offset == read else {
          throw fault(subject, "has a sparse member: \(escaped(member.name))")
        }
        try sha512.update(block.bytes)
        try blake2b.update(block.bytes)
        if limit != nil { content += block.bytes }
        read += Int64(block.bytes.count)
      }
      guard read == size else {
        throw fault(subject, "has a member of another size: \(escaped(member.name))")
      }
      var set = DigestSet()
      set[.sha512] = try sha512.finish()
      set[.blake2b] = try blake2b.finish()
      gpkg.members.append(Gpkg.Member(name: name, size: size, digests: set))
      if name == Gpkg.manifestName { gpkg.manifest = content }
      if name.hasSuffix(".sig") { gpkg.signatures[String(name.dropLast(4))] = content }
      if isMetadata(name), gpkg.metadata.name.isEmpty { gpkg.metadata = (name, content) }
    }
    guard gpkg.members.contains(where: { $0.name == Gpkg.versionName }), !gpkg.metadata.name.isEmpty,
      gpkg.members.contains(where: { $0.name == Gpkg.manifestName })
    else { throw fault(subject, "is not a package: gpkg-1, its metadata or its Manifest is missing") }
    return gpkg
  }

  /// The maximum size of a member that is kept; nil for one of which only the digests are needed.
  private static func limit(of name: String) -> Int64? {
    if isMetadata(name) { return metadata }
    return name == Gpkg.manifestName || name.hasSuffix(".sig") ? manifest : nil
  }

  private static func isMetadata(_ name: String) -> Bool {
    name.hasPrefix("metadata.tar") && !name.hasSuffix(".sig")
  }

  static func fault(_ subject: String, _ problem: String) -> MirrorError {
    MirrorError(.invalid, subject, problem, remedy: "build the package again, or remove it")
  }
}
