import LinuxSystem
import MirrorModel

/// The lines of a Manifest of a package tree (GLEP 74).
struct TreeManifest {
  /// What a Manifest says about a file.
  struct File: Hashable {
    /// Bytes.
    let size: Int64
    let digests: DigestSet
  }

  /// Paths relative to the tree.
  private(set) var files: [[UInt8]: File] = [:]
  /// The files that are Manifests themselves.
  private(set) var manifests: [[UInt8]] = []
  /// Files and directories that are not checked.
  private(set) var ignored: [[UInt8]] = []
  /// Files that need not be there, and must not be used if they are.
  private(set) var optional: [[UInt8]] = []

  /// The name at the top of a tree.
  static let name: FileName = "Manifest"
  /// Maximum bytes of one, decompressed.
  static let largest = 64 << 20

  /// Parses a text.
  ///
  /// - Parameter directory: of the Manifest, relative to the tree; its paths are relative to it.
  /// - Throws: code `invalid`, with `subject`, for a line that is not understood.
  init(_ text: [UInt8], in directory: [UInt8], subject: String) throws(MirrorError) {
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let words = line.split {
        $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r")
      }
      guard let tag = words.first.map({ String(decoding: $0, as: UTF8.self) }) else { continue }
      if try !add(tag, words.dropFirst().map(Array.init), in: directory) {
        throw MirrorError(
          .invalid, subject, "contains a line that is not understood: `\(escaped(Array(line.prefix(200))))`")
      }
    }
  }

  /// - Returns: whether the line is valid.
  private mutating func add(_ tag: String, _ words: [[UInt8]], in directory: [UInt8]) throws(MirrorError)
    -> Bool
  {
    switch tag {
    // Files of the packages' sources are not in the tree.
    case "TIMESTAMP", "DIST": return true
    case "IGNORE", "OPTIONAL", "DATA", "MANIFEST", "EBUILD", "MISC", "AUX": break
    default: return false
    }
    guard let word = words.first, let name = Self.decoded(tag == "AUX" ? Array("files/".utf8) + word : word),
      Self.isPlain(name)
    else { return false }
    let path = directory.isEmpty ? name : directory + [UInt8(ascii: "/")] + name
    switch tag {
    case "IGNORE": ignored.append(path)
    case "OPTIONAL": optional.append(path)
    default:
      guard let file = Self.file(words.dropFirst()) else { return false }
      if let other = files[path], other != file { return false }
      files[path] = file
      if tag == "MANIFEST" { manifests.append(path) }
    }
    return true
  }

  /// The size, and pairs of an algorithm and a digest; nil without BLAKE2B and SHA512.
  private static func file(_ words: ArraySlice<[UInt8]>) -> File? {
    let texts = words.map { String(decoding: $0, as: UTF8.self) }
    guard let size = texts.first.flatMap({ Int64($0) }), size >= 0, texts.count % 2 == 1 else { return nil }
    var digests = DigestSet()
    for index in stride(from: 1, to: texts.count, by: 2) {
      guard let algorithm = DigestAlgorithm(tag: texts[index]) else { continue }
      guard let digest = bytes(ofHex: texts[index + 1]), digest.count == algorithm.length else { return nil }
      digests[algorithm] = digest
    }
    return digests[.blake2b] == nil && digests[.sha512] == nil ? nil : File(size: size, digests: digests)
  }

  private static func bytes(ofHex text: String) -> [UInt8]? {
    let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count % 2 == 0, digits.allSatisfy({ $0 != nil }) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map {
      UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0))
    }
  }

  /// Whether a path leads neither out of its directory nor through the same directory twice.
  private static func isPlain(_ path: [UInt8]) -> Bool {
    path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
      !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8)
    }
  }

  /// A path with `\xNN`, `\uNNNN` and `\UNNNNNNNN` decoded; nil for any other use of the backslash.
  private static func decoded(_ word: [UInt8]) -> [UInt8]? {
    guard word.contains(UInt8(ascii: "\\")) else { return word }
    var (result, rest) = ([UInt8](), word[...])
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      let lengths = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]
      guard let length = rest.popFirst().flatMap({ lengths[$0] }), rest.count >= length,
        let number = UInt32(String(decoding: rest.prefix(length), as: UTF8.self), radix: 16), number != 0,
        let scalar = Unicode.Scalar(number)
      else { return nil }
      rest = rest.dropFirst(length)
      result += Array(String(Character(scalar)).utf8)
    }
    return result
  }
}
