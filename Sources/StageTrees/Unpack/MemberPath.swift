import LinuxSystem

/// The path in the root for a name in a tarball: components, none of them `.` or `..`; no components for the
/// root.
struct MemberPath: Hashable, Sendable {
  let components: [FileName]

  /// - Parameter components: none of them `.` or `..`, or longer than a name may be.
  init(components: [FileName]) { self.components = components }

  /// Parses a name; a leading `./` and trailing slashes are ignored.
  ///
  /// - Returns: nil, and the reason, if the name is not safe.
  static func parse(_ name: [UInt8], depth: Int) -> Result<MemberPath, Refusal> {
    if name.first == UInt8(ascii: "/") { return .failure(.absolute) }
    if name.contains(0) { return .failure(.hasNUL) }
    if name.count >= FileName.maximumPathBytes { return .failure(.tooLong) }
    var components: [FileName] = []
    for part in name.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
      if part.elementsEqual("..".utf8) { return .failure(.climbs) }
      if part.count > FileName.maximumBytes { return .failure(.tooLong) }
      components.append(FileName(bytes: Array(part)))
    }
    guard components.count <= depth else { return .failure(.tooDeep(depth)) }
    return .success(MemberPath(components: components))
  }

  /// Why a name is refused.
  enum Refusal: Error {
    case absolute, climbs, hasNUL, tooLong
    case tooDeep(Int)

    var problem: String {
      switch self {
      case .absolute: "is absolute"
      case .climbs: "contains `..`"
      case .hasNUL: "contains a NUL byte"
      case .tooLong: "is longer than the maximum path length"
      case .tooDeep(let limit): "is more than \(limit) directories deep"
      }
    }
  }

  /// The last component; nil for the root.
  var name: FileName? { components.last }

  /// The parent directory; the root's is itself.
  var parent: ArraySlice<FileName> { components.dropLast() }

  /// The path of its first components.
  func prefix(_ count: Int) -> MemberPath { MemberPath(components: Array(components.prefix(count))) }

  /// The bytes of memory that it needs.
  var cost: Int { components.reduce(64) { $0 + 64 + $1.bytes.count } }

  /// As one relative path.
  var path: MirrorPath {
    MirrorPath(bytes: Array(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")])))
  }

  /// Whether it is below another path (and not equal to it).
  func isBelow(_ other: MemberPath) -> Bool {
    components.count > other.components.count && components.starts(with: other.components)
  }
}
