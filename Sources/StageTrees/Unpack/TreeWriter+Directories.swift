import LinuxSystem
import SystemPackage

/// The attributes of directories, and the lists that are set at the end.
extension TreeWriter {
  /// Gives a directory its owner and attributes at once, except those that must wait for its content.
  mutating func holdDirectory(
    _ member: TarMember, _ path: MemberPath, _ directory: borrowing TreeDirectory
  ) throws(MirrorError) {
    var now = member.attributes
    now.extended = now.extended.filter { !Self.mustWait($0) }
    let refusals: [NodeAttributes.Refusal]
    do throws(Errno) {
      refusals = try now.applyBeforeMode(to: directory.descriptor, keepsOwner: !isRoot)
    } catch { throw fault(member, "set the attributes", error) }
    try note(member.name, refusals)
    var later = member.attributes
    later.extended = later.extended.filter(Self.mustWait)
    try hold(directories.hold(path, later), for: member)
  }

  /// Remembers a directory that the archive does not contain, but a member in it.
  mutating func holdMissing(_ path: MemberPath, _ member: TarMember) throws(MirrorError) {
    var attributes = NodeAttributes(
      uid: Account.user, gid: Account.group, permissions: 0o755, mtime: member.attributes.mtime)
    if let shift = options.idShift {
      attributes.uid = shift.shifted(attributes.uid) ?? attributes.uid
      attributes.gid = shift.shifted(attributes.gid) ?? attributes.gid
    }
    do throws(DirectoryStack.Obstacle) {
      let directory = try stack.directory(path.components[...], making: false)
      do throws(Errno) {
        _ = try attributes.applyBeforeMode(to: directory.value.descriptor, keepsOwner: !isRoot)
      } catch { throw DirectoryStack.Obstacle(depth: path.components.count, error: error) }
    } catch { throw fault(path.path.bytes, "set the attributes", error.error) }
    try hold(directories.hold(path, attributes), for: member)
  }

  /// Access control lists: a directory's default list would be inherited by members, and the mode changes
  /// the other.
  private static func mustWait(_ attribute: ExtendedAttribute) -> Bool {
    attribute.name.hasPrefix("system.")
  }

  /// Sets the remaining attributes of directories, deepest first.
  mutating func finish() throws(MirrorError) -> UnpackReport {
    try applyNamedLists()
    // A directory's mode may forbid entering it.
    for index in directories.indices.reversed() {
      guard let (path, attributes) = directories[index] else { continue }
      try cancellation.check()
      let refusals: [NodeAttributes.Refusal]
      do throws(DirectoryStack.Obstacle) {
        let directory = try stack.directory(path.components[...], making: false)
        do throws(Errno) {
          // The owner is set already.
          refusals = try attributes.apply(to: directory.value.descriptor, keepsOwner: true)
        } catch { throw DirectoryStack.Obstacle(depth: path.components.count, error: error) }
      } catch { throw fault(path.path.bytes, "set the attributes", error.error) }
      try note(path.path.bytes, refusals)
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
            """
            \(MemberFault.excerpt(path.path.bytes)): its access control list names \
            \(MemberFault.excerpt(unknown.name)), which is unknown here
            """)
        case .success(let attribute): try apply(try shifted(attribute, of: path.path.bytes), path)
        }
      }
    }
  }

  private mutating func apply(_ attribute: ExtendedAttribute, _ path: MemberPath) throws(MirrorError) {
    // The mode of a directory is set later, and its list after that.
    if directories.add(attribute, to: path) { return }
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
      try note(path.path.bytes, [NodeAttributes.Refusal(name: attribute.name, error: error)])
    }
  }
}
