import LinuxSystem
import SystemPackage

/// One walk through a tree.
struct TreeWalk: ~Copyable {
  /// Maximum depth: each level needs a descriptor and a part of the stack.
  private static let depth = 1000

  private var writer: TarWriter
  private var list: ContentsList?
  private let root: Shared<TreeDirectory>
  private let name: FilePath
  private let prefix: [UInt8]
  private let epoch: NodeTime
  private let excluded: Set<[UInt8]>
  private let omitted: Set<[UInt8]>
  private let idShift: IDShift?
  private let cancellation: Cancellation
  private let progress: @Sendable (Int) -> Void
  /// The first path of each node with several names.
  private var met: [NodeStatus.Identity: [UInt8]] = [:]
  private var report = CaptureReport()

  init(
    writer: consuming TarWriter, list: consuming ContentsList?, root: Shared<TreeDirectory>,
    named name: FilePath, prefix: [UInt8],
    epoch: NodeTime, excluded: [MemberPath], omitted: [MemberPath], idShift: IDShift?,
    cancellation: Cancellation, progress: @escaping @Sendable (Int) -> Void
  ) {
    self.writer = writer
    self.list = list
    self.root = root
    self.name = name
    self.prefix = prefix
    self.epoch = epoch
    self.excluded = Set(excluded.map(\.path.bytes))
    self.omitted = Set(omitted.map(\.path.bytes))
    self.idShift = idShift
    self.cancellation = cancellation
    self.progress = progress
  }

  mutating func run() throws(MirrorError) -> CaptureReport {
    let root = root
    try addDirectory(root.value, [])
    try writer.finish()
    try list?.finish()
    report.uncompressedSize = writer.size
    return report
  }

  private mutating func addDirectory(
    _ directory: borrowing TreeDirectory, _ path: [UInt8]
  ) throws(MirrorError) {
    let status = try attempt(path, "examine") { () throws(Errno) in try NodeStatus(of: directory.descriptor) }
    var header = try header(.directory, path, status)
    header.records = try records(of: directory.descriptor, isHeld: false, path)
    try begin(header)
    if excluded.contains(path) { return }
    guard path.count(where: { $0 == slash }) < Self.depth else {
      throw MirrorError(
        .refused, displayed(path), "is more than \(Self.depth) directories deep", remedy: "remove it")
    }
    let entries = try attempt(path, "read") { () throws(Errno) in try directory.entries() }
    for entry in entries.sorted(by: { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }) {
      try cancellation.check()
      try add(entry, in: directory, path.isEmpty ? entry.name.bytes : path + [slash] + entry.name.bytes)
    }
  }

  private mutating func add(
    _ entry: TreeDirectory.Entry, in directory: borrowing TreeDirectory, _ path: [UInt8]
  ) throws(MirrorError) {
    if omitted.contains(path) { return }
    switch entry.kind {
    case .directory:
      let below = try unlessMounted(path) { () throws(Errno) in
        try directory.directory(entry.name, enteringMounts: false)
      }
      guard let below else { return try addMountPoint(path) }
      try addDirectory(below, path)
    case .regular:
      let file = try unlessMounted(path) { () throws(Errno) in try directory.file(entry.name) }
      guard let file else { return note(path, "is skipped: it is a mount point") }
      try addFile(file, path)
    default:
      let node = try unlessMounted(path) { () throws(Errno) in
        try directory.node(entry.name, enteringMounts: false)
      }
      guard let node else { return note(path, "is skipped: it is a mount point") }
      try addNode(node, path)
    }
  }

  /// A directory on which something is mounted: its own attributes are not visible.
  private mutating func addMountPoint(_ path: [UInt8]) throws(MirrorError) {
    note(path, "is kept as an empty directory: it is a mount point")
    try begin(
      TarHeader(kind: .directory, path: prefix + path + [slash], permissions: 0o755, mtime: epoch))
  }

  private mutating func addFile(_ file: borrowing Descriptor, _ path: [UInt8]) throws(MirrorError) {
    let status = try attempt(path, "examine") { () throws(Errno) in try NodeStatus(of: file) }
    guard status.kind == .regular else { throw changed(path) }
    if try addHardLink(path, status) { return }
    var header = try header(.regular, path, status)
    header.records = try records(of: file, isHeld: false, path)
    let cancellation = cancellation
    let map = try attempt(path, "read") { () throws(Errno) in
      try SparseMap(of: file, status: status, cancellation: cancellation)
    }
    try cancellation.check()
    if let map {
      try add(map, of: file, header, path)
    } else {
      header.size = status.size
      try begin(header)
      try copy(SparseMap.Segment(offset: 0, count: status.size), of: file, path)
    }
    try writer.pad()
    let now = try attempt(path, "examine") { () throws(Errno) in try NodeStatus(of: file) }
    guard now.size == status.size, now.mtime == status.mtime, now.ctime == status.ctime else {
      throw changed(path)
    }
  }

  private mutating func add(
    _ map: SparseMap, of file: borrowing Descriptor, _ header: TarHeader, _ path: [UInt8]
  ) throws(MirrorError) {
    var header = header
    let segments = map.header
    header.records["GNU.sparse.major"] = Array("1".utf8)
    header.records["GNU.sparse.minor"] = Array("0".utf8)
    header.records["GNU.sparse.name"] = header.path
    header.records["GNU.sparse.realsize"] = Array("\(map.size)".utf8)
    header.size = Int64(segments.count) + map.stored
    try begin(header)
    try writer.write(segments)
    for segment in map.segments { try copy(segment, of: file, path) }
  }

  private mutating func copy(
    _ segment: SparseMap.Segment, of file: borrowing Descriptor, _ path: [UInt8]
  ) throws(MirrorError) {
    var offset = segment.offset
    let end = segment.offset + segment.count
    let name = name
    while offset < end {
      try cancellation.check()
      let place = offset
      let count = try writer.write(upTo: end - offset) { buffer throws(MirrorError) in
        do throws(Errno) { return try file.read(into: buffer, at: place) } catch {
          throw .system(error, "read", Self.displayed(path, name))
        }
      }
      if count == 0 { throw changed(path) }
      offset += Int64(count)
      progress(count)
    }
  }

  private mutating func addNode(_ node: borrowing Descriptor, _ path: [UInt8]) throws(MirrorError) {
    let status = try attempt(path, "examine") { () throws(Errno) in try NodeStatus(of: node) }
    let kind: TarHeader.Kind
    switch status.kind {
    case .link: kind = .symbolicLink
    case .fifo: kind = .fifo
    case .characterDevice: kind = .characterDevice
    case .blockDevice: kind = .blockDevice
    case .socket: return note(path, "is skipped: it is a socket")
    case .regular, .directory, .unknown: throw changed(path)
    }
    if try addHardLink(path, status) { return }
    var header = try header(kind, path, status)
    header.records = try records(of: node, isHeld: true, path)
    if kind == .symbolicLink {
      header.permissions = 0o777
      header.target = try attempt(path, "read the link") { () throws(Errno) in try node.linkText() }
    }
    try begin(header)
  }

  /// Whether the node was already met under another name; then a hard link is written.
  private mutating func addHardLink(_ path: [UInt8], _ status: NodeStatus) throws(MirrorError) -> Bool {
    guard status.links > 1 else { return false }
    guard let first = met[status.identity] else {
      met[status.identity] = path
      return false
    }
    var header = try header(.hardLink, path, status)
    header.target = prefix + first
    try begin(header)
    return true
  }

  private func header(_ kind: TarHeader.Kind, _ path: [UInt8], _ status: NodeStatus) throws(MirrorError)
    -> TarHeader
  {
    let isDirectory = kind == .directory && !path.isEmpty
    return TarHeader(
      kind: kind, path: prefix + path + (isDirectory ? [slash] : []), uid: try restored(status.uid, path),
      gid: try restored(status.gid, path), permissions: status.permissions, mtime: min(status.mtime, epoch),
      major: status.major,
      minor: status.minor)
  }

  private func records(
    of node: borrowing Descriptor, isHeld: Bool, _ path: [UInt8]
  ) throws(MirrorError) -> [FileName: [UInt8]] {
    let extended = try attempt(path, "read the attributes") { () throws(Errno) in
      try ExtendedAttribute.all(of: node, isHeld: isHeld)
    }
    var records: [FileName: [UInt8]] = [:]
    for attribute in try extended.map({ attribute throws(MirrorError) in try restored(attribute, path) }) {
      switch (attribute.name, PosixACL(attribute: attribute.value)) {
      case (PosixACL.accessName, let acl?): records["SCHILY.acl.access"] = Array(acl.text.utf8)
      case (PosixACL.defaultName, let acl?): records["SCHILY.acl.default"] = Array(acl.text.utf8)
      default:
        let key = FileName(bytes: Array("SCHILY.xattr.".utf8) + attribute.name.escapedForTar)
        records[key] = attribute.value
      }
    }
    return records
  }

  private func restored(_ id: UInt32, _ path: [UInt8]) throws(MirrorError) -> UInt32 {
    guard let idShift else { return id }
    guard let original = idShift.restored(id) else { throw outOfRange(id, path) }
    return original
  }

  private func restored(
    _ attribute: ExtendedAttribute, _ path: [UInt8]
  ) throws(MirrorError) -> ExtendedAttribute {
    guard let idShift else { return attribute }
    do throws(IDShift.OutOfRange) {
      return try IDShift.mapping(attribute) { idShift.restored($0) }
    } catch { throw outOfRange(error.id, path) }
  }

  private func outOfRange(_ id: UInt32, _ path: [UInt8]) -> MirrorError {
    MirrorError(
      .invalid, displayed(path), "names user or group \(id), which is outside of the shifted owners",
      remedy: "change its owner, access control list or capabilities")
  }

  private mutating func begin(_ header: TarHeader) throws(MirrorError) {
    try writer.write(header.blocks)
    try list?.add(header.path)
    report.entries += 1
  }

  private func unlessMounted<Handle: ~Copyable>(
    _ path: [UInt8], _ open: () throws(Errno) -> Handle
  ) throws(MirrorError) -> Handle? {
    do throws(Errno) { return try open() } catch {
      switch error {
      case .improperLink: return nil
      case .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels: throw changed(path)
      default: throw .system(error, "open", displayed(path))
      }
    }
  }

  private func attempt<Result: ~Copyable>(
    _ path: [UInt8], _ operation: String, _ body: () throws(Errno) -> Result
  ) throws(MirrorError) -> Result {
    do throws(Errno) { return try body() } catch { throw .system(error, operation, displayed(path)) }
  }

  private func changed(_ path: [UInt8]) -> MirrorError {
    MirrorError(
      .changed, displayed(path), "changed during capture",
      remedy: "run again when nothing writes to it")
  }

  private mutating func note(_ path: [UInt8], _ text: String) {
    report.collected.add("\(escaped(path)): \(text)")
  }

  private func displayed(_ path: [UInt8]) -> String { Self.displayed(path, name) }

  private static func displayed(_ path: [UInt8], _ root: FilePath) -> String {
    path.isEmpty ? "\(root)" : "\(root)/\(escaped(path))"
  }
}

private let slash = UInt8(ascii: "/")

extension TreeDirectory.Entry {
  /// Sort key in which directories end with a slash: the contents of a directory then follow it directly.
  fileprivate var sortKey: [UInt8] { kind == .directory ? name.bytes + [slash] : name.bytes }
}
