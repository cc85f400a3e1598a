import Glibc

/// The bytes of a name as stored on disk: any byte except NUL, not always UTF-8.
public protocol RawName: Hashable, Comparable, Sendable, Codable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  /// The name's bytes, without a terminating NUL.
  var bytes: [UInt8] { get }
  /// Takes any bytes.
  init(bytes: [UInt8])
}

// Inlinable, so that other modules can specialize it for their own name types: generic code is slow there.
extension RawName {
  /// The bytes of a Swift string.
  @inlinable
  public init(_ text: String) { self.init(bytes: Array(text.utf8)) }

  /// A name that is known at compile time.
  @inlinable
  public init(stringLiteral value: String) { self.init(value) }

  /// The exact text, if the bytes are UTF-8.
  public var text: String? { String(validating: bytes, as: UTF8.self) }

  /// Safe for a terminal, on one line, unambiguous: unprintable bytes are escaped as in C.
  public var description: String { escaped(bytes) }

  /// The exact text, or the escaped form if the bytes are not UTF-8 (JSON has no other way).
  package var jsonText: String { text ?? description }

  /// Encodes ``jsonText``.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(jsonText)
  }

  /// Decodes text.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  /// All bytes at once: the array's own implementation hashes them one by one.
  @inlinable
  public func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  /// Compares all bytes at once, as the hash does.
  @inlinable
  public static func == (left: Self, right: Self) -> Bool {
    left.bytes.count == right.bytes.count && order(left.bytes, right.bytes) == 0
  }

  /// Byte order: the same everywhere, independent of the locale.
  @inlinable
  public static func < (left: Self, right: Self) -> Bool { order(left.bytes, right.bytes) < 0 }

  /// Whether the name ends with `suffix`.
  @inlinable
  public func hasSuffix(_ suffix: StaticString) -> Bool {
    let count = suffix.utf8CodeUnitCount
    guard bytes.count >= count else { return false }
    return suffix.withUTF8Buffer { wanted in bytes[(bytes.count - count)...].elementsEqual(wanted) }
  }

  /// Whether the name begins with `prefix`.
  @inlinable
  public func hasPrefix(_ prefix: StaticString) -> Bool {
    prefix.withUTF8Buffer { bytes.starts(with: $0) }
  }

  /// Runs `body` with the name as a C string.
  @inlinable
  package func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { buffer in
      for (index, byte) in bytes.enumerated() { buffer[index] = CChar(bitPattern: byte) }
      buffer[bytes.count] = 0
      return buffer.baseAddress.map { body(UnsafePointer($0)) } ?? body("")
    }
  }
}

/// Negative, zero or positive: the order of two names by their bytes.
@usableFromInline
func order(_ left: [UInt8], _ right: [UInt8]) -> Int {
  left.withUnsafeBytes { left in
    right.withUnsafeBytes { right in
      let common = min(left.count, right.count)
      guard common > 0, let mine = left.baseAddress, let other = right.baseAddress, mine != other else {
        return left.count - right.count
      }
      let difference = memcmp(mine, other, common)
      return difference == 0 ? left.count - right.count : Int(difference)
    }
  }
}

/// One component of a path: no slash, not empty, neither `.` nor `..`.
public struct FileName: RawName {
  /// The maximum length of a name on Linux, in bytes.
  package static let maximumBytes = 255
  /// The maximum length of a path on Linux, in bytes, including the terminating NUL.
  package static let maximumPathBytes = 4096

  /// The name's bytes.
  public let bytes: [UInt8]
  /// Takes any bytes.
  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// The name with `suffix` added.
  package func appending(_ suffix: String) -> FileName { FileName(bytes: bytes + Array(suffix.utf8)) }

  /// The name without its last `count` bytes.
  package func dropping(last count: Int) -> FileName { FileName(bytes: Array(bytes.dropLast(count))) }

  /// Hidden names do not belong to the mirror.
  package var isHidden: Bool { bytes.first == UInt8(ascii: ".") }
}

/// A path relative to the mirror's root, with `/` between components; the empty path is the root.
public struct MirrorPath: RawName {
  /// The path's bytes.
  public let bytes: [UInt8]
  /// Takes any bytes.
  public init(bytes: [UInt8]) { self.bytes = bytes }
  /// The mirror's root.
  package static let root = MirrorPath(bytes: [])

  /// The path of `name` in this directory.
  public func appending(_ name: FileName) -> MirrorPath {
    guard !bytes.isEmpty else { return MirrorPath(bytes: name.bytes) }
    var joined: [UInt8] = []
    joined.reserveCapacity(bytes.count + 1 + name.bytes.count)
    joined += bytes
    joined.append(separator)
    joined += name.bytes
    return MirrorPath(bytes: joined)
  }

  /// The last component.
  public var name: FileName {
    FileName(bytes: bytes.lastIndex(of: separator).map { Array(bytes[($0 + 1)...]) } ?? bytes)
  }

  /// The parent directory.
  public var parent: MirrorPath {
    MirrorPath(bytes: bytes.lastIndex(of: separator).map { Array(bytes[..<$0]) } ?? [])
  }

  /// Whether no component is empty, `.` or `..`, so that the path cannot lead elsewhere.
  package var isPlain: Bool {
    bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
      !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8)
    }
  }

  /// Its components in order.
  public var components: [FileName] {
    bytes.split(separator: separator).map { FileName(bytes: Array($0)) }
  }

  /// The path itself and all its parents except the root, longest first.
  package var lineage: [MirrorPath] { [self] + ancestors.reversed() }

  /// The directories that contain the path, without the root, the shortest first.
  package var ancestors: [MirrorPath] {
    bytes.indices.filter { bytes[$0] == separator }.map { MirrorPath(bytes: Array(bytes[..<$0])) }
  }

  /// Whether this path is `directory` or is below it.
  public func isWithin(_ directory: MirrorPath) -> Bool {
    directory.bytes.isEmpty || bytes == directory.bytes
      || (bytes.count > directory.bytes.count && bytes[directory.bytes.count] == separator
        && bytes.starts(with: directory.bytes))
  }
}

extension Set<MirrorPath> {
  /// All directories that contain one of these paths, without the root.
  package init(directoriesOf paths: some Sequence<MirrorPath>) {
    self.init()
    for path in paths {
      var directory = path.parent
      // Once a directory is known, so are those above it.
      while !directory.bytes.isEmpty, insert(directory).inserted { directory = directory.parent }
    }
  }
}

private let separator = UInt8(ascii: "/")

/// Escapes as in C: control and format characters, backslash, and bytes that are not UTF-8.
package func escaped(_ bytes: [UInt8]) -> String {
  if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) {
    return String(decoding: bytes, as: UTF8.self)
  }
  var result = ""
  var decoder = UTF8()
  var rest = bytes[...]
  while let first = rest.first {
    var iterator = rest.makeIterator()
    if case .scalarValue(let scalar) = decoder.decode(&iterator) {
      result += escaped(scalar)
      rest = rest.dropFirst(UTF8.width(scalar))
    } else {
      result += hexEscape(first)
      rest = rest.dropFirst()
    }
    decoder = UTF8()
  }
  return result
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
  switch scalar {
  case "\n": return "\\n"
  case "\t": return "\\t"
  case "\r": return "\\r"
  case "\\": return "\\\\"
  default: break
  }
  if !scalar.isPrintable { return UTF8.encode(scalar).map { $0.map(hexEscape).joined() } ?? "?" }
  return String(scalar)
}

extension Unicode.Scalar {
  /// Whether a terminal shows it, and only it: not a control or format character, such as one that changes
  /// the direction of text.
  package var isPrintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
    default: true
    }
  }
}

/// JSON with the same meaning, in which unprintable characters are written as `\uXXXX`.
package func printableJSON(_ text: [UInt8]) -> [UInt8] {
  // An encoder escapes those below a space.
  guard text.contains(where: { $0 >= 0x7f }) else { return text }
  var result = ""
  for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
    if scalar.value < 0x7f || scalar.isPrintable {
      result.unicodeScalars.append(scalar)
    } else {
      for unit in String(scalar).utf16 {
        result += "\\u" + hex([UInt8(unit >> 8), UInt8(truncatingIfNeeded: unit)])
      }
    }
  }
  return Array(result.utf8)
}

private func hexEscape(_ byte: UInt8) -> String { "\\x" + hex([byte]) }

/// Lowercase hexadecimal.
package func hex(_ bytes: some Sequence<UInt8>) -> String {
  let digits: StaticString = "0123456789abcdef"
  return digits.withUTF8Buffer { digits in
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
