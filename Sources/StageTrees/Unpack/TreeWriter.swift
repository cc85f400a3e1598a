import LinuxSystem
import SystemPackage

/// Writes members of a tarball into a root, and nowhere else.
///
/// Each is created by its name in a directory that is held open and was reached without symbolic links, so
/// that no member can lead a later one out of the root, or elsewhere in it. A later member replaces an
/// earlier one with the same name unless one of them is a directory.
struct TreeWriter: ~Copyable {
  let subject: String
  let options: TreeUnpacker.Options
  private let excluded: [MemberPath]
  let cancellation: Cancellation
  let isRoot = Account.isRoot
  let root: Shared<TreeDirectory>
  var stack: DirectoryStack
  /// Directories of hard links' targets, which are often elsewhere.
  private var targets: DirectoryStack
  /// Attributes of directories, to be set when they are complete.
  var directories = HeldDirectories()
  private var skipped: Set<MemberPath> = []
  /// Lists that need the root's own names of users and groups.
  var namedLists: [MemberPath: [NamedACL]] = [:]
  /// Bytes of memory for what is remembered until the end.
  private var held = 0
  var report = UnpackReport()

  /// - Parameters:
  ///   - subject: the tarball's path.
  ///   - excluded: see ``excluded(by:)``.
  private init(
    root: Shared<TreeDirectory>, subject: String, _ options: TreeUnpacker.Options,
    excluding excluded: [MemberPath], _ cancellation: Cancellation
  ) {
    self.excluded = excluded
    self.subject = subject
    self.options = options
    self.cancellation = cancellation
    self.root = root
    stack = DirectoryStack(root)
    targets = DirectoryStack(root)
  }

  /// A writer into a root.
  ///
  /// Not an initializer: in release builds of Swift 6.3, one that throws releases what is not yet initialized.
  ///
  /// - Parameter subject: the tarball's path.
  static func make(
    root: Shared<TreeDirectory>, subject: String, _ options: TreeUnpacker.Options,
    _ cancellation: Cancellation
  ) throws(MirrorError) -> TreeWriter {
    let excluded = try Self.excluded(by: options)
    if options.idShift != nil && !Account.isRoot {
      throw MirrorError(
        .invalid, subject, "cannot be unpacked with shifted owners by an ordinary user", remedy: "run as root"
      )
    }
    return TreeWriter(root: root, subject: subject, options, excluding: excluded, cancellation)
  }

  private static func excluded(by options: TreeUnpacker.Options) throws(MirrorError) -> [MemberPath] {
    try options.excluded.map { text throws(MirrorError) in
      switch MemberPath.parse(Array(text.utf8), depth: .max) {
      case .success(let path): return path
      case .failure(let refusal):
        throw MirrorError(
          .invalid, text, "\(refusal.problem), so its contents cannot be excluded",
          remedy: "use a path relative to the archive's root")
      }
    }
  }

  /// Creates a member, reading its content.
  mutating func add(_ member: TarMember, from reader: inout TarReader) throws(MirrorError) {
    report.entries += 1
    guard report.entries <= options.limits.entries else {
      throw refused(member, "exceeds the limit of \(options.limits.entries) members")
    }
    var path = try resolve(member.name, of: member)
    if excluded.contains(where: { path.isBelow($0) }) { return }
    for note in member.notes { self.note(member, note) }
    var member = member
    if let shift = options.idShift { member.attributes = try shifted(member, by: shift) }
    let time = member.attributes.mtime.seconds
    report.newest = max(report.newest ?? time, time)
    if options.keepsDirectoryLinks { path = try followingLinks(path, of: member) }
    namedLists[path] = nil
    if !member.namedLists.isEmpty {
      try hold(path.cost + member.namedLists.reduce(0) { $0 + $1.cost }, for: member)
      namedLists[path] = member.namedLists
    }
    guard let name = path.name else {
      guard case .directory = member.kind else { throw fault(member, "would replace the root") }
      let root = root
      return try holdDirectory(member, path, root.value)
    }
    let parent = try self.parent(path, of: member)
    switch member.kind {
    case .directory: try addDirectory(member, path, name, parent.value)
    case .regular(let size): try addFile(member, name, size, parent.value, &reader)
    case .hardLink(let target): try addHardLink(member, path, name, target, parent.value)
    case .link(let target):
      try make(member, "create the link", name, parent.value) { directory throws(Errno) in
        try directory.makeLink(name, to: target)
      }
      try finish(member, name, parent.value, isLink: true)
    case .fifo: try addNode(member, path, name, mode: NodeStatus.fifoMode, 0, 0, parent.value)
    case .device(let mode, let major, let minor):
      if options.canMakeDevices {
        try addNode(member, path, name, mode: mode, major, minor, parent.value)
      } else {
        try skip(member, path, "is a device, which cannot be created here")
      }
    case .socket: try skip(member, path, "is a socket, which only a program can create")
    }
  }

  private mutating func addDirectory(
    _ member: TarMember, _ path: MemberPath, _ name: FileName, _ parent: borrowing TreeDirectory
  ) throws(MirrorError) {
    do throws(Errno) { try parent.makeDirectory(name) } catch {
      guard error == .fileExists else { throw fault(member.name, "create the directory", error) }
    }
    let directory: TreeDirectory
    do throws(Errno) { directory = try parent.directory(name) } catch {
      if options.keepsDirectoryLinks && isDirectoryLink(path) { return }
      throw MemberFault.make(
        subject, member.name, "would replace something else, such as a link, with a directory",
        remedy: linkRemedy)
    }
    try holdDirectory(member, path, directory)
  }

  private mutating func addFile(
    _ member: TarMember, _ name: FileName, _ size: Int64, _ parent: borrowing TreeDirectory,
    _ reader: inout TarReader
  ) throws(MirrorError) {
    guard size <= options.limits.fileBytes else {
      throw refused(member, "has \(size) bytes, more than the limit of \(options.limits.fileBytes)")
    }
    let file = try make(member, "create", name, parent) { directory throws(Errno) in
      try directory.createFile(name)
    }
    var end: Int64 = 0
    while let block = try reader.nextBlock() {
      try cancellation.check()
      let (last, overflow) = block.offset.addingReportingOverflow(Int64(block.bytes.count))
      guard block.offset >= end, !overflow, last <= size else {
        throw fault(member, "has content, but its type does not allow any")
      }
      let (total, isTooMuch) = report.bytes.addingReportingOverflow(Int64(block.bytes.count))
      guard !isTooMuch, total <= options.limits.totalBytes else {
        throw refused(member, "exceeds the limit of \(options.limits.totalBytes) bytes in total")
      }
      report.bytes = total
      do throws(Errno) { try file.write(block.bytes, at: block.offset) } catch {
        throw fault(member.name, "write", error)
      }
      if !block.bytes.isEmpty { end = last }
    }
    let refusals: [NodeAttributes.Refusal]
    do throws(Errno) {
      if end < size { try file.truncate(to: size) }
      refusals = try member.attributes.apply(to: file, keepsOwner: !isRoot)
    } catch { throw fault(member, "write", error) }
    try note(member.name, refusals)
  }

  private mutating func addHardLink(
    _ member: TarMember, _ path: MemberPath, _ name: FileName, _ target: [UInt8],
    _ parent: borrowing TreeDirectory
  ) throws(MirrorError) {
    var source = try resolve(target, of: member, as: "its hard link's target ")
    if options.keepsDirectoryLinks { source = try followingLinks(source, of: member) }
    guard let sourceName = source.name else { throw fault(member, "is a hard link to the root") }
    if skipped.contains(source) { return try skip(member, path, "is a hard link to a skipped member") }
    if source == path { throw fault(member, "is a hard link to itself") }
    let directory: Shared<TreeDirectory>
    do throws(DirectoryStack.Obstacle) {
      directory = try targets.directory(source.parent, making: false)
    } catch {
      throw fault(member.name, "find its hard link's target \(MemberFault.excerpt(target))", error.error)
    }
    try make(member, "create the hard link to \(MemberFault.excerpt(target))", name, parent) {
      parent throws(Errno) in
      try parent.hardLink(name, to: sourceName, of: directory.value)
    }
  }

  private mutating func addNode(
    _ member: TarMember, _ path: MemberPath, _ name: FileName, mode: UInt32, _ major: UInt32,
    _ minor: UInt32, _ parent: borrowing TreeDirectory
  ) throws(MirrorError) {
    let isMade = try make(member, "create the node", name, parent) { directory throws(Errno) in
      do throws(Errno) {
        try directory.makeNode(name, mode: mode | 0o600, major: major, minor: minor)
        return true
      } catch {
        guard error == .notPermitted else { throw error }
        return false
      }
    }
    guard isMade else { return try skip(member, path, "is a device or FIFO, which cannot be created here") }
    try finish(member, name, parent, isLink: false)
  }

  private mutating func finish(
    _ member: TarMember, _ name: FileName, _ parent: borrowing TreeDirectory, isLink: Bool
  ) throws(MirrorError) {
    let refusals: [NodeAttributes.Refusal]
    do throws(Errno) {
      refusals = try member.attributes.apply(to: name, in: parent, isLink: isLink, keepsOwner: !isRoot)
    } catch { throw fault(member, "set the attributes", error) }
    try note(member.name, refusals)
  }

  private func resolve(
    _ name: [UInt8], of member: TarMember, as role: String = ""
  ) throws(MirrorError) -> MemberPath {
    switch MemberPath.parse(name, depth: options.limits.depth) {
    case .success(let path): return path
    case .failure(let refusal):
      throw fault(member, "\(role.isEmpty ? "" : "\(role)\(MemberFault.excerpt(name)) ")\(refusal.problem)")
    }
  }

  private mutating func parent(
    _ path: MemberPath, of member: TarMember
  ) throws(MirrorError) -> Shared<TreeDirectory> {
    var missing: [Int] = []
    let directory: Shared<TreeDirectory>
    do throws(DirectoryStack.Obstacle) {
      directory = try stack.directory(path.parent, making: true) { missing.append($0) }
    } catch { throw fault(member.name, "open its directory", error.error) }
    for count in missing {
      // The archive did not specify its attributes.
      try holdMissing(path.prefix(count), member)
    }
    return directory
  }

  /// Runs `body`, and once more after removing an existing file with that name.
  private func make<Result: ~Copyable>(
    _ member: TarMember, _ operation: String, _ name: FileName, _ parent: borrowing TreeDirectory,
    _ body: (borrowing TreeDirectory) throws(Errno) -> Result
  ) throws(MirrorError) -> Result {
    do throws(Errno) {
      do throws(Errno) { return try body(parent) } catch {
        guard error == .fileExists else { throw error }
        try parent.unlink(name)
        return try body(parent)
      }
    } catch { throw fault(member.name, operation, error) }
  }

  private mutating func skip(
    _ member: TarMember, _ path: MemberPath, _ reason: String
  ) throws(MirrorError) {
    try hold(path.cost, for: member)
    skipped.insert(path)
    note(member, reason)
  }

  /// Accounts for memory that is needed until the end.
  mutating func hold(_ bytes: Int, for member: TarMember) throws(MirrorError) {
    held += bytes
    guard held <= options.limits.heldBytes else {
      throw refused(
        member,
        "exceeds the limit of \(options.limits.heldBytes) bytes for directories, access control lists and "
          + "skipped members")
    }
  }

  private mutating func note(_ member: TarMember, _ text: String) {
    report.collected.add("\(MemberFault.excerpt(member.name)): \(text)")
  }

  /// - Throws: if an attribute has no room; one that is not supported is only reported.
  mutating func note(_ name: [UInt8], _ refusals: [NodeAttributes.Refusal]) throws(MirrorError) {
    for refusal in refusals {
      let problem =
        "cannot set the attribute \(MemberFault.excerpt(refusal.name.bytes)): \(refusal.error)"
      if refusal.isForSpace {
        throw MemberFault.make(
          subject, name, problem, code: .system(refusal.error),
          remedy: "free some space, or use a file system that stores larger attributes, such as XFS")
      }
      report.collected.add("\(MemberFault.excerpt(name)): \(problem)")
    }
  }

  private func refused(_ member: TarMember, _ problem: String) -> MirrorError {
    MemberFault.make(
      subject, member.name, problem, code: .refused, remedy: "if you trust this tarball, unpack it with tar")
  }

  private var linkRemedy: String {
    options.keepsDirectoryLinks ? MemberFault.defaultRemedy : MemberFault.allowLinks
  }

  func fault(_ member: TarMember, _ problem: String) -> MirrorError {
    MemberFault.make(subject, member.name, problem)
  }

  func fault(_ name: [UInt8], _ operation: String, _ error: Errno) -> MirrorError {
    MemberFault.failed(subject, name, operation, error, linkRemedy: linkRemedy)
  }

  /// An error while attributes are set, of which the owner is one.
  func fault(_ member: TarMember, _ operation: String, _ error: Errno) -> MirrorError {
    let (uid, gid) = (member.attributes.uid, member.attributes.gid)
    if isRoot, error == .invalidArgument,
      let fault = MemberFault.unmapped(subject, member.name, uid: uid, gid: gid)
    {
      return fault
    }
    return fault(member.name, operation, error)
  }
}
