import LinuxSystem
import CLibArchive
import SystemPackage

/// The description of one member in a tarball, not yet checked.
package struct TarMember: Sendable {
  package enum Kind: Sendable {
    case regular(size: Int64)
    case directory
    case link(target: [UInt8])
    case hardLink(target: [UInt8])
    case fifo
    case device(mode: UInt32, major: UInt32, minor: UInt32)
    case socket
  }

  /// As written.
  package let name: [UInt8]
  package let kind: Kind
  let attributes: NodeAttributes
  /// Access control lists whose names must still be looked up.
  let namedLists: [NamedACL]
  let notes: [String]

  /// - Throws: when a field is missing or absurd; `subject` names the tarball.
  init(_ entry: OpaquePointer, subject: String) throws(MirrorError) {
    guard let path = archive_entry_pathname(entry), path[0] != 0 else {
      throw TarballInput.fault(subject, "has a member without a name")
    }
    let name = Self.bytes(path)
    func fault(_ problem: String) -> MirrorError { MemberFault.make(subject, name, problem) }
    guard let uid = UInt32(exactly: archive_entry_uid(entry)), uid != .max,
      let gid = UInt32(exactly: archive_entry_gid(entry)), gid != .max
    else { throw fault("has an owner number out of range") }
    let nanoseconds = UInt32(clamping: archive_entry_mtime_nsec(entry))
    let lists = Self.accessLists(entry)
    self.name = name
    kind = try Self.kind(entry, fault)
    attributes = NodeAttributes(
      uid: uid, gid: gid, permissions: UInt32(archive_entry_perm(entry)) & 0o7777,
      mtime: NodeTime(
        seconds: Int64(archive_entry_mtime(entry)), nanoseconds: min(nanoseconds, 999_999_999)),
      extended: Self.extended(entry) + lists.compactMap(\.numbered))
    namedLists = lists.filter { $0.numbered == nil }
    notes = Self.notes(entry)
  }

  private static func kind(
    _ entry: OpaquePointer, _ fault: (String) -> MirrorError
  ) throws(MirrorError) -> Kind {
    if let target = archive_entry_hardlink(entry) { return .hardLink(target: bytes(target)) }
    let mode = UInt32(archive_entry_filetype(entry))
    switch NodeStatus.kind(mode) {
    case .regular:
      let size = Int64(archive_entry_size(entry))
      guard size >= 0 else { throw fault("has a negative size") }
      return .regular(size: size)
    case .directory: return .directory
    case .link:
      guard let target = archive_entry_symlink(entry), target[0] != 0 else {
        throw fault("is a symbolic link without a target")
      }
      return .link(target: bytes(target))
    case .fifo: return .fifo
    case .characterDevice, .blockDevice:
      guard let major = UInt32(exactly: archive_entry_rdevmajor(entry)),
        let minor = UInt32(exactly: archive_entry_rdevminor(entry))
      else { throw fault("has a device number out of range") }
      return .device(mode: mode, major: major, minor: minor)
    case .socket: return .socket
    case .unknown: throw fault("has an unknown type")
    }
  }

  private static func extended(_ entry: OpaquePointer) -> [ExtendedAttribute] {
    guard archive_entry_xattr_reset(entry) > 0 else { return [] }
    var found: [FileName: ExtendedAttribute] = [:]
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    while archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK {
      guard let name else { continue }
      let attribute = ExtendedAttribute(
        name: FileName(escapedForTar: bytes(name)),
        value: Array(UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size)))
      // bsdtar writes each in two spellings.
      found[attribute.name] = attribute
    }
    return found.values.sorted { $0.name < $1.name }
  }

  private static func accessLists(_ entry: OpaquePointer) -> [NamedACL] {
    if archive_entry_acl_types(entry) == 0 { return [] }
    return [
      (ARCHIVE_ENTRY_ACL_TYPE_ACCESS, PosixACL.accessName),
      (ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, PosixACL.defaultName),
    ].compactMap { type, name in
      guard archive_entry_acl_reset(entry, type) > 0 else { return nil }
      return NamedACL(attribute: name, entries: aclEntries(entry, type))
    }
  }

  private static func notes(_ entry: OpaquePointer) -> [String] {
    let known = ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT
    return archive_entry_acl_types(entry) & ~known == 0
      ? [] : ["its NFSv4 access control list is not supported"]
  }

  private static func aclEntries(_ entry: OpaquePointer, _ wanted: Int32) -> [NamedACL.Entry] {
    var entries: [NamedACL.Entry] = []
    var type: Int32 = 0
    var permissions: Int32 = 0
    var tag: Int32 = 0
    var id: Int32 = 0
    var name: UnsafePointer<CChar>?
    while archive_entry_acl_next(entry, wanted, &type, &permissions, &tag, &id, &name) == ARCHIVE_OK {
      let whom: PosixACL.Tag
      switch tag {
      case ARCHIVE_ENTRY_ACL_USER_OBJ: whom = .userObject
      case ARCHIVE_ENTRY_ACL_USER: whom = .user
      case ARCHIVE_ENTRY_ACL_GROUP_OBJ: whom = .groupObject
      case ARCHIVE_ENTRY_ACL_GROUP: whom = .group
      case ARCHIVE_ENTRY_ACL_MASK: whom = .mask
      case ARCHIVE_ENTRY_ACL_OTHER: whom = .other
      default: continue
      }
      entries.append(
        NamedACL.Entry(
          tag: whom, permissions: UInt16(truncatingIfNeeded: permissions & 7), id: UInt32(exactly: id),
          name: name.map(bytes) ?? []))
    }
    return entries
  }

  private static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
    var bytes: [UInt8] = []
    var next = text
    while next.pointee != 0 {
      bytes.append(UInt8(bitPattern: next.pointee))
      next += 1
    }
    return bytes
  }
}
