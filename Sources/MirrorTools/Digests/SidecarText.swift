import MirrorModel
import LinuxSystem

/// Writing and parsing of digest files; each line contains the digest of one file.
enum SidecarText {
  /// A parsed line about a file.
  struct Claim: Sendable {
    /// nil if the line is about the file that the sidecar is named after.
    let file: FileName?
    let digests: DigestSet
    /// Size in bytes, if the format has one.
    var size: Int64?
  }

  /// Metro's format: `sha256 <hex>`.
  static func hashText(_ digests: DigestSet) -> [UInt8]? {
    digests[.sha256].map { Array("sha256 \(hex($0))\n".utf8) }
  }

  /// Gentoo's DIGESTS for one tarball.
  static func digests(_ name: FileName, _ digests: DigestSet) -> [UInt8] {
    digests.algorithms.flatMap { digest(name, $0, digests[$0] ?? []) }
  }

  /// A line of DIGESTS, with the comment above it.
  static func digest(_ name: FileName, _ algorithm: DigestAlgorithm, _ digest: [UInt8]) -> [UInt8] {
    Array("# \(algorithm.manifestTag) HASH\n".utf8) + sum(name, digest)
  }

  /// Whether a line with this name can be written that has no unprintable characters: coreutils can escape
  /// only line ends.
  static func canList(_ name: FileName) -> Bool {
    if name.bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return true }
    return String(decoding: name.bytes, as: UTF8.self).unicodeScalars.allSatisfy { scalar in
      scalar.isPrintable || ["\n", "\r", "\t"].contains(scalar)
    }
  }

  /// A coreutils line; names with a newline or backslash are escaped as `sha256sum` does.
  static func sum(_ name: FileName, _ digest: [UInt8]) -> [UInt8] {
    let special = coreutilsEscaped(name.bytes)
    return (special == nil ? [] : [backslash]) + Array("\(hex(digest))  ".utf8) + (special ?? name.bytes) + [
      newline
    ]
  }

  /// BSD format, one line per digest: `SHA256 (name) = hex`.
  static func tags(_ name: FileName, _ digests: DigestSet) -> [UInt8] {
    let special = coreutilsEscaped(name.bytes)
    return digests.algorithms.flatMap { algorithm in
      (special == nil ? [] : [backslash]) + Array("\(algorithm.tag) (".utf8) + (special ?? name.bytes)
        + Array(") = \(hex(digests[algorithm] ?? []))\n".utf8)
    }
  }

  /// A GLEP 74 line: `DATA name size ALGORITHM hex …`.
  static func data(_ name: FileName, size: Int64, _ digests: DigestSet) -> [UInt8] {
    let pairs = digests.algorithms.map { " \($0.manifestTag) \(hex(digests[$0] ?? []))" }.joined()
    return Array("DATA \(glepEscaped(name.bytes)) \(size)\(pairs)\n".utf8)
  }

  /// A GLEP 74 line that ignores a file or directory.
  static func ignore(_ name: FileName) -> [UInt8] { Array("IGNORE \(glepEscaped(name.bytes))\n".utf8) }

  /// Parses a line in any of the formats; `algorithm` is that of a coreutils line. nil for other lines.
  static func parse(_ line: ArraySlice<UInt8>, algorithm: DigestAlgorithm?) -> Claim? {
    hashTextClaim(line) ?? manifestClaim(line) ?? tagClaim(line) ?? algorithm.flatMap { sumClaim(line, $0) }
  }

  /// Parses all lines of a file; lines of DIGESTS have the algorithm of the comment above them.
  static func parseAll(_ text: [UInt8], algorithm: DigestAlgorithm? = nil) -> [Claim] {
    var current = algorithm
    return text.split(separator: newline).compactMap { line in
      if line.first == UInt8(ascii: "#") {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        if words.count == 3, words[2] == "HASH" { current = DigestAlgorithm(tag: words[1]) }
        return nil
      }
      return parse(line, algorithm: current)
    }
  }

  private static func hashTextClaim(_ line: ArraySlice<UInt8>) -> Claim? {
    let words = line.split(separator: space)
    guard words.count == 2, words[0].elementsEqual("sha256".utf8) else { return nil }
    return digest(words[1], .sha256).map { Claim(file: nil, digests: $0) }
  }

  private static func sumClaim(_ line: ArraySlice<UInt8>, _ algorithm: DigestAlgorithm) -> Claim? {
    let isEscaped = line.first == backslash
    let body = isEscaped ? line.dropFirst() : line
    let digits = body.prefix { $0 != space }
    let rest = body.dropFirst(digits.count)
    guard rest.count > 2, let mode = rest.dropFirst().first, mode == space || mode == UInt8(ascii: "*"),
      let digests = digest(digits, algorithm)
    else { return nil }
    return Claim(file: name(Array(rest.dropFirst(2)), isEscaped), digests: digests)
  }

  private static func tagClaim(_ line: ArraySlice<UInt8>) -> Claim? {
    let isEscaped = line.first == backslash
    let body = isEscaped ? line.dropFirst() : line
    let tag = body.prefix { $0 != space }
    let rest = body.dropFirst(tag.count)
    guard let algorithm = DigestAlgorithm(tag: String(decoding: tag, as: UTF8.self)),
      rest.starts(with: " (".utf8)
    else { return nil }
    let tail = ") = ".utf8.count + algorithm.length * 2
    guard rest.count > 2 + tail, rest.suffix(tail).starts(with: ") = ".utf8),
      let digests = digest(rest.suffix(algorithm.length * 2), algorithm)
    else { return nil }
    return Claim(file: name(Array(rest.dropFirst(2).dropLast(tail)), isEscaped), digests: digests)
  }

  private static func manifestClaim(_ line: ArraySlice<UInt8>) -> Claim? {
    let words = line.split(separator: space)
    guard words.count >= 5, words[0].elementsEqual("DATA".utf8) || words[0].elementsEqual("DIST".utf8),
      let size = Int64(String(decoding: words[2], as: UTF8.self)), let file = glepUnescaped(words[1])
    else { return nil }
    var digests = DigestSet()
    var rest = words[3...]
    while rest.count >= 2, let tag = rest.popFirst(), let value = rest.popFirst() {
      // Algorithms that are not supported here (SHA3, MD5) are skipped.
      guard let algorithm = DigestAlgorithm(tag: String(decoding: tag, as: UTF8.self)) else { continue }
      guard let one = digest(value, algorithm) else { return nil }
      digests = digests.merging(one)
    }
    return digests.algorithms.isEmpty ? nil : Claim(file: FileName(bytes: file), digests: digests, size: size)
  }

  /// Hexadecimal digits as a digest; nil for other text.
  static func digest(_ digits: ArraySlice<UInt8>, _ algorithm: DigestAlgorithm) -> DigestSet? {
    guard digits.count == algorithm.length * 2 else { return nil }
    var bytes: [UInt8] = []
    var rest = digits
    while let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) {
      bytes.append(high << 4 | low)
    }
    guard bytes.count == algorithm.length else { return nil }
    var digests = DigestSet()
    digests[algorithm] = bytes
    return digests
  }

  private static func name(_ bytes: [UInt8], _ isEscaped: Bool) -> FileName {
    guard isEscaped else { return FileName(bytes: bytes) }
    var result: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      guard byte == backslash, let next = rest.popFirst() else {
        result.append(byte)
        continue
      }
      result.append(next == UInt8(ascii: "n") ? newline : next == UInt8(ascii: "r") ? 13 : next)
    }
    return FileName(bytes: result)
  }

  private static func coreutilsEscaped(_ name: [UInt8]) -> [UInt8]? {
    guard name.contains(where: { $0 == newline || $0 == backslash || $0 == 13 }) else { return nil }
    return name.flatMap { byte -> [UInt8] in
      switch byte {
      case newline: Array("\\n".utf8)
      case 13: Array("\\r".utf8)
      case backslash: Array("\\\\".utf8)
      default: [byte]
      }
    }
  }

  private static func glepEscaped(_ name: [UInt8]) -> String {
    guard let text = String(validating: name, as: UTF8.self) else {
      return name.map { isPlain($0) ? String(Unicode.Scalar($0)) : "\\x\(hex([$0]))" }.joined()
    }
    return text.unicodeScalars.map { scalar in
      if scalar.isASCII {
        return isPlain(UInt8(scalar.value)) ? String(scalar) : "\\x\(hex([UInt8(scalar.value)]))"
      }
      if scalar.isPrintable, !scalar.properties.isWhitespace { return String(scalar) }
      let digits = hex(withUnsafeBytes(of: scalar.value.bigEndian, Array.init))
      return scalar.value > 0xffff ? "\\U\(digits)" : "\\u\(digits.dropFirst(4))"
    }.joined()
  }

  private static func isPlain(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f && byte != backslash }

  /// Decodes `\xHH`, `\uHHHH` and `\UHHHHHHHH`.
  private static func glepUnescaped(_ name: ArraySlice<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    var rest = name
    while let byte = rest.popFirst() {
      guard byte == backslash else {
        result.append(byte)
        continue
      }
      let lengths = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]
      guard let count = rest.popFirst().flatMap({ lengths[$0] }) else { return nil }
      let digits = rest.prefix(count)
      guard digits.count == count, digits.allSatisfy({ hexValue($0) != nil }) else { return nil }
      let value = digits.reduce(UInt32(0)) { $0 << 4 | UInt32(hexValue($1) ?? 0) }
      rest = rest.dropFirst(count)
      if count == 2 {
        result.append(UInt8(truncatingIfNeeded: value))
      } else {
        guard let scalar = Unicode.Scalar(value) else { return nil }
        result += Array(String(scalar).utf8)
      }
    }
    return result
  }

  private static func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

private let newline = UInt8(ascii: "\n")
private let backslash = UInt8(ascii: "\\")
private let space = UInt8(ascii: " ")
