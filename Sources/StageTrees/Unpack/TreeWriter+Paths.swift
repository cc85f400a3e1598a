import LinuxSystem
import SystemPackage

/// Links to directories that are followed on request, and owners that are shifted.
extension TreeWriter {
  /// The path with links to directories in its parents followed.
  mutating func followingLinks(
    _ path: MemberPath, of member: TarMember
  ) throws(MirrorError) -> MemberPath {
    guard let name = path.name else { return path }
    // Most paths have no link.
    if (try? stack.directory(path.parent, making: false)) != nil { return path }
    do throws(DirectoryStack.Obstacle) {
      let parent = try stack.followingLinks(MemberPath(components: Array(path.parent)))
      guard parent.components.count < options.limits.depth else {
        throw DirectoryStack.Obstacle(depth: parent.components.count, error: .fileNameTooLong)
      }
      return MemberPath(components: parent.components + [name])
    } catch { throw fault(member.name, "follow the links in its path", error.error) }
  }

  /// Whether this is a link to an existing directory of the root, which a directory may keep.
  mutating func isDirectoryLink(_ path: MemberPath) -> Bool {
    guard let target = try? stack.followingLinks(path), target != path else { return false }
    return (try? stack.directory(target.components[...], making: false)) != nil
  }

  /// The attributes with shifted owners.
  func shifted(_ member: TarMember, by shift: IDShift) throws(MirrorError) -> NodeAttributes {
    var attributes = member.attributes
    guard let uid = shift.shifted(attributes.uid) else { throw outOfRange(member.name, attributes.uid) }
    guard let gid = shift.shifted(attributes.gid) else { throw outOfRange(member.name, attributes.gid) }
    (attributes.uid, attributes.gid) = (uid, gid)
    attributes.extended = try attributes.extended.map { attribute throws(MirrorError) in
      try shifted(attribute, of: member.name)
    }
    return attributes
  }

  /// The attribute with shifted numbers.
  func shifted(
    _ attribute: ExtendedAttribute, of member: [UInt8]
  ) throws(MirrorError) -> ExtendedAttribute {
    guard let shift = options.idShift else { return attribute }
    do throws(IDShift.OutOfRange) {
      return try IDShift.mapping(attribute) { shift.shifted($0) }
    } catch { throw outOfRange(member, error.id) }
  }

  private func outOfRange(_ member: [UInt8], _ id: UInt32) -> MirrorError {
    MemberFault.make(
      subject, member, "names user or group \(id), which is not below \(UInt64(IDShift.largest) + 1)",
      remedy: "use a tarball with smaller numbers")
  }
}
