import LinuxSystem

/// Where in the root a name of a tarball leads: components, none of them `.` or `..`; none at all for the root.
struct MemberPath: Hashable, Sendable {
  let components: [FileName]

  private init(components: [FileName]) { self.components = components }

  /// Of a name as it is written; a leading `./` and trailing slashes do not matter.
  ///
  /// - Returns: nil and why it leads nowhere that is safe.
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

  /// Why a name is not followed.
  enum Refusal: Error {
    case absolute, climbs, hasNUL, tooLong
    case tooDeep(Int)

    var problem: String {
      switch self {
      case .absolute: "is absolute"
      case .climbs: "leads upwards by `..`"
      case .hasNUL: "holds a NUL"
      case .tooLong: "is longer than a path may be"
      case .tooDeep(let limit): "lies deeper than \(limit) directories"
      }
    }
  }

  /// The last component; nil for the root.
  var name: FileName? { components.last }

  /// The directory that holds it; the root's is itself.
  var parent: ArraySlice<FileName> { components.dropLast() }

  /// The path of its first components.
  func prefix(_ count: Int) -> MemberPath { MemberPath(components: Array(components.prefix(count))) }

  /// As one relative path.
  var path: MirrorPath {
    MirrorPath(bytes: Array(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")])))
  }

  /// Whether it lies below another, not that one itself.
  func isBelow(_ other: MemberPath) -> Bool {
    components.count > other.components.count && components.starts(with: other.components)
  }
}
