import LinuxSystem
import SystemPackage

/// Writes members of a tarball into a root, and nowhere else.
///
/// Each is created by its name in a directory that is held open and was reached without symbolic links, so
/// that no member can lead a later one out of the root, or elsewhere in it. A later member replaces an
/// earlier one with the same name unless one of them is a directory.
struct TreeWriter: ~Copyable {
  private let subject: String
  private let options: TreeUnpacker.Options
  private let excluded: [MemberPath]
  private let cancellation: Cancellation
  private let isRoot = Account.isRoot
  private let root: Shared<TreeDirectory>
  private var stack: DirectoryStack
  /// Directories of hard links' targets, which are often elsewhere.
  private var targets: DirectoryStack
  /// Attributes of directories, to be set when they are complete.
  private var directories: [MemberPath: NodeAttributes] = [:]
  private var skipped: Set<MemberPath> = []
  /// Lists that need the root's own names of users and groups.
  private var namedLists: [MemberPath: [NamedACL]] = [:]
  private(set) var report = UnpackReport()

  /// - Parameter subject: the tarball's path.
  init(
    root: Shared<TreeDirectory>, subject: String, _ options: TreeUnpacker.Options,
    _ cancellation: Cancellation
  ) throws(MirrorError) {
    var excluded: [MemberPath] = []
    for text in options.excluded {
      switch MemberPath.parse(Array(text.utf8), depth: .max) {
      case .success(let path): excluded.append(path)
      case .failure(let refusal):
        throw MirrorError(
          .invalid, text, "\(refusal.problem), so its contents cannot be excluded",
          remedy: "use a path relative to the archive's root")
      }
    }
    self.excluded = excluded
    self.subject = subject
    self.options = options
    self.cancellation = cancellation
    self.root = root
    stack = DirectoryStack(root)
    targets = DirectoryStack(root)
  }

  /// Creates a member, reading its content.
  mutating func add(_ member: TarMember, from reader: inout TarReader) throws(MirrorError) {
    report.entries += 1
    guard report.entries <= options.limits.entries else {
      throw refused(member, "exceeds the limit of \(options.limits.entries) members")
    }
    let path = try resolve(member.name, of: member)
    if excluded.contains(where: { path.isBelow($0) }) { return }
    for note in member.notes { self.note(member, note) }
    let time = member.attributes.mtime.seconds
    report.newest = max(report.newest ?? time, time)
    namedLists[path] = member.namedLists.isEmpty ? nil : member.namedLists
    guard let name = path.name else {
      guard case .directory = member.kind else { throw fault(member, "would replace the root") }
      directories[path] = member.attributes
      return
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
        skip(member, path, "is a device, which cannot be created here")
      }
    case .socket: skip(member, path, "is a socket, which only a program can create")
    }
  }

  /// Sets the attributes of directories, deepest first, since a parent's mode may then forbid entering it.
  mutating func finish() throws(MirrorError) -> UnpackReport {
    try applyNamedLists()
    let order = directories.sorted { $0.key.components.count > $1.key.components.count }
    for (path, attributes) in order {
      try cancellation.check()
      do throws(DirectoryStack.Obstacle) {
        let directory = try stack.directory(path.components[...], making: false)
        do throws(Errno) {
          let refusals = try attributes.apply(to: directory.value.descriptor, keepsOwner: !isRoot)
          note(path.path.bytes, refusals)
        } catch { throw DirectoryStack.Obstacle(depth: path.components.count, error: error) }
      } catch { throw fault(path.path.bytes, "set the attributes", error.error) }
    }
    return report
  }

  private mutating func applyNamedLists() throws(MirrorError) {
    if namedLists.isEmpty { return }
    let names = AccountNames(root: root.value)
    for (path, lists) in namedLists.sorted(by: { $0.key.path < $1.key.path }) {
      for list in lists {
        switch list.resolved(by: names) {
        case .failure(let unknown):
          report.collected.add(
            "\(path.path): its access control list names \(escaped(unknown.name)), which is unknown here")
        case .success(let attribute): try apply(attribute, path)
        }
      }
    }
  }

  private mutating func apply(_ attribute: ExtendedAttribute, _ path: MemberPath) throws(MirrorError) {
    // The mode of a directory is set later, and its list after that.
    if directories[path] != nil {
      directories[path]?.extended.append(attribute)
      return
    }
    guard let name = path.name else { return }
    let result: Result<Void, Errno>
    do throws(DirectoryStack.Obstacle) {
      let directory = try stack.directory(path.parent, making: false)
      do throws(Errno) {
        try attribute.set(on: try directory.value.node(name), isHeld: true)
        result = .success(())
      } catch { result = .failure(error) }
    } catch { result = .failure(error.error) }
    if case .failure(let error) = result {
      note(path.path.bytes, [NodeAttributes.Refusal(name: attribute.name, error: error)])
    }
  }

  private mutating func addDirectory(
    _ member: TarMember, _ path: MemberPath, _ name: FileName, _ parent: borrowing TreeDirectory
  ) throws(MirrorError) {
    do throws(Errno) { try parent.makeDirectory(name) } catch {
      guard error == .fileExists else { throw fault(member.name, "create the directory", error) }
      do throws(Errno) { _ = try parent.directory(name) } catch {
        throw fault(member, "would replace something else, such as a link, with a directory")
      }
    }
    directories[path] = member.attributes
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
    do throws(Errno) {
      if end < size { try file.truncate(to: size) }
      note(member.name, try member.attributes.apply(to: file, keepsOwner: !isRoot))
    } catch { throw fault(member.name, "write", error) }
  }

  private mutating func addHardLink(
    _ member: TarMember, _ path: MemberPath, _ name: FileName, _ target: [UInt8],
    _ parent: borrowing TreeDirectory
  ) throws(MirrorError) {
    let source = try resolve(target, of: member, as: "its hard link's target ")
    guard let sourceName = source.name else { throw fault(member, "is a hard link to the root") }
    if skipped.contains(source) { return skip(member, path, "is a hard link to a skipped member") }
    if source == path { throw fault(member, "is a hard link to itself") }
    let directory: Shared<TreeDirectory>
    do throws(DirectoryStack.Obstacle) {
      directory = try targets.directory(source.parent, making: false)
    } catch { throw fault(member.name, "find its hard link's target \(escaped(target))", error.error) }
    try make(member, "create the hard link to \(escaped(target))", name, parent) { parent throws(Errno) in
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
    guard isMade else { return skip(member, path, "is a device or FIFO, which cannot be created here") }
    try finish(member, name, parent, isLink: false)
  }

  private mutating func finish(
    _ member: TarMember, _ name: FileName, _ parent: borrowing TreeDirectory, isLink: Bool
  ) throws(MirrorError) {
    do throws(Errno) {
      note(
        member.name,
        try member.attributes.apply(to: name, in: parent, isLink: isLink, keepsOwner: !isRoot))
    } catch { throw fault(member.name, "set the attributes", error) }
  }

  private func resolve(
    _ name: [UInt8], of member: TarMember, as role: String = ""
  ) throws(MirrorError) -> MemberPath {
    switch MemberPath.parse(name, depth: options.limits.depth) {
    case .success(let path): return path
    case .failure(let refusal):
      throw fault(member, "\(role.isEmpty ? "" : "\(role)\(escaped(name)) ")\(refusal.problem)")
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
      directories[path.prefix(count)] = NodeAttributes(
        uid: Account.user, gid: Account.group, permissions: 0o755, mtime: member.attributes.mtime)
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

  private mutating func skip(_ member: TarMember, _ path: MemberPath, _ reason: String) {
    skipped.insert(path)
    note(member, reason)
  }

  private mutating func note(_ member: TarMember, _ text: String) {
    report.collected.add("\(escaped(member.name)): \(text)")
  }

  private mutating func note(_ name: [UInt8], _ refusals: [NodeAttributes.Refusal]) {
    for refusal in refusals {
      report.collected.add("\(escaped(name)): cannot set the attribute \(refusal.name): \(refusal.error)")
    }
  }

  private func refused(_ member: TarMember, _ problem: String) -> MirrorError {
    MemberFault.make(
      subject, member.name, problem, code: .refused, remedy: "raise the limit if you trust this tarball")
  }

  private func fault(_ member: TarMember, _ problem: String) -> MirrorError {
    MemberFault.make(subject, member.name, problem)
  }

  private func fault(_ name: [UInt8], _ operation: String, _ error: Errno) -> MirrorError {
    MemberFault.failed(subject, name, operation, error)
  }
}
