import LinuxSystem

/// Applies an ``ArchiveEdit`` to the bytes of a tar archive.
///
/// Members that are kept are copied byte by byte. Headers are checked, and only zeros follow the end.
struct ArchiveEditor: ~Copyable {
  private enum Part {
    case head(TarHead)
    case content(rest: Int64, isKept: Bool)
    case tail(ArchiveTail)
  }

  private let edit: ArchiveEdit
  private let omitted: Set<[UInt8]>
  private let subject: String
  private var writer: TarWriter
  private var part = Part.head(TarHead())
  /// Offset in the original archive.
  private var position: Int64 = 0
  /// The paths of additions and of their parents.
  private let watched: Set<[UInt8]>
  /// The type flags of members with such a path; the last counts.
  private var types: [[UInt8]: UInt8] = [:]
  /// What paths begin with: `./` or nothing.
  private var prefix: [UInt8]?

  init(_ edit: ArchiveEdit, into writer: consuming TarWriter, subject: String) {
    self.edit = edit
    self.subject = subject
    self.writer = writer
    omitted = Set(edit.omitted.map { Array($0.utf8) })
    watched = Set(edit.added.keys.flatMap { Self.parents(of: Array($0.utf8)) + [Array($0.utf8)] })
  }

  mutating func take(_ bytes: UnsafeRawBufferPointer) throws(MirrorError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count: Int
      switch part {
      case .head(var head):
        count = min(head.needed - head.bytes.count, rest.count)
        head.append(rest.prefix(count))
        position += Int64(count)
        try read(&head)
      case .content(let left, let isKept):
        count = Int(min(left, Int64(rest.count)))
        if isKept { try writer.write(UnsafeRawBufferPointer(rebasing: rest.prefix(count))) }
        position += Int64(count)
        part = left == Int64(count) ? .head(TarHead()) : .content(rest: left - Int64(count), isKept: isKept)
      case .tail(var tail):
        count = rest.count
        tail.take(UnsafeRawBufferPointer(rebasing: rest))
        part = .tail(tail)
      }
      rest = rest.dropFirst(count)
    }
  }

  private mutating func read(_ head: inout TarHead) throws(MirrorError) {
    switch try head.state(subject) {
    case .incomplete: part = .head(head)
    case .global:
      try writer.write(head.bytes)
      part = .head(TarHead())
    case .member(let member):
      let isKept = try keeps(member)
      if isKept { try writer.write(head.bytes) }
      let padded = member.size + Int64(TarHeader.padding(after: member.size).count)
      part = padded == 0 ? .head(TarHead()) : .content(rest: padded, isKept: isKept)
    case .end:
      let size = Int64(TarHeader.blockSize)
      part = .tail(ArchiveTail(end: position - size, position: position))
    }
  }

  private mutating func keeps(_ member: TarHead.Member) throws(MirrorError) -> Bool {
    prefix = prefix ?? (member.path.starts(with: Self.dot) ? Self.dot : [])
    let path = Self.plain(member.path)
    if omitted.contains(path) { return false }
    if let target = member.hardLink, omitted.contains(Self.plain(target)) {
      throw MirrorError(
        .invalid, subject, "has a hard link to \(escaped(target)), which must not be in the image",
        remedy: "remove it from the stage")
    }
    if watched.contains(path) { types[path] = member.type }
    return true
  }

  /// Adds the new members, and the end of the archive.
  mutating func finish() throws(MirrorError) {
    guard case .tail(let tail) = part else {
      throw TarballInput.fault(subject, "is truncated: the end mark of its archive is missing")
    }
    if let problem = tail.problem { throw TarballInput.fault(subject, problem) }
    let added = edit.added.map { (path: Array($0.key.utf8), content: $0.value) }
    for (path, content) in added.sorted(by: { $0.path.lexicographicallyPrecedes($1.path) })
    where types[path] == nil {
      for parent in Self.parents(of: path) { try makeDirectory(parent) }
      switch content {
      case .file(let bytes):
        try add(.regular, path) { $0.size = Int64(bytes.count) }
        try writer.write(bytes)
        try writer.pad()
      case .link(let target):
        try add(.symbolicLink, path) { ($0.target, $0.permissions) = (Array(target.utf8), 0o777) }
      }
    }
    try writer.finish()
  }

  private mutating func makeDirectory(_ path: [UInt8]) throws(MirrorError) {
    switch types[path] {
    case UInt8(ascii: "5"): return
    case nil: try add(.directory, path) { ($0.path, $0.permissions) = ($0.path + [slash], 0o755) }
    default:
      throw MirrorError(
        .invalid, subject, "\(escaped(path)) is not a directory in it, but the image needs files there",
        remedy: "export another stage")
    }
  }

  private mutating func add(
    _ kind: TarHeader.Kind, _ path: [UInt8], _ change: (inout TarHeader) -> Void
  ) throws(MirrorError) {
    types[path] = kind.rawValue
    var header = TarHeader(
      kind: kind, path: (prefix ?? []) + path, mtime: NodeTime(seconds: edit.epoch, nanoseconds: 0))
    change(&header)
    try writer.write(header.blocks)
  }

  private static let dot = Array("./".utf8)

  /// A path without `./`, slashes at its start, and a slash at its end.
  private static func plain(_ path: [UInt8]) -> [UInt8] {
    var rest = path[...]
    while rest.first == slash || rest.starts(with: dot) { rest = rest.dropFirst(rest.first == slash ? 1 : 2) }
    while rest.last == slash { rest = rest.dropLast() }
    return Array(rest)
  }

  /// The directories that contain a path, the highest first.
  private static func parents(of path: [UInt8]) -> [[UInt8]] {
    path.indices.filter { path[$0] == slash }.map { Array(path[..<$0]) }
  }
}

private let slash = UInt8(ascii: "/")
