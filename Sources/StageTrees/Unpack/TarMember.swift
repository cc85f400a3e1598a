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
  var attributes: NodeAttributes
  /// Access control lists whose names must still be looked up.
  let namedLists: [NamedACL]
  let notes: [String]

  /// - Parameters:
  ///   - subject: the tarball's path.
  ///   - records: the member's extended headers.
  /// - Throws: when a field is missing or absurd.
  init(_ entry: OpaquePointer, subject: String, records: () -> PaxRecords) throws(MirrorError) {
    guard let path = archive_entry_pathname(entry), path[0] != 0 else {
      throw TarballInput.fault(subject, "has a member without a name")
    }
    let name = Self.bytes(path)
    func fault(_ problem: String) -> MirrorError { MemberFault.make(subject, name, problem) }
    guard let uid = UInt32(exactly: archive_entry_uid(entry)), uid != .max,
      let gid = UInt32(exactly: archive_entry_gid(entry)), gid != .max
    else { throw fault("has an owner number out of range") }
    let lists = try Self.accessLists(entry, records, fault)
    self.name = name
    kind = try Self.kind(entry, fault)
    attributes = NodeAttributes(
      uid: uid, gid: gid, permissions: UInt32(archive_entry_perm(entry)) & 0o7777,
      mtime: Self.mtime(entry, records),
      extended: try Self.extended(entry, fault) + lists.compactMap(\.numbered))
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

  private static func mtime(_ entry: OpaquePointer, _ records: () -> PaxRecords) -> NodeTime {
    let nanoseconds = min(UInt32(clamping: archive_entry_mtime_nsec(entry)), 999_999_999)
    let time = NodeTime(seconds: Int64(archive_entry_mtime(entry)), nanoseconds: nanoseconds)
    // libarchive takes the fraction of a time before the epoch for one after it, and the sign from zero.
    guard time.seconds <= 0, nanoseconds > 0 else { return time }
    return records().time("mtime") ?? time
  }

  private static func extended(
    _ entry: OpaquePointer, _ fault: (String) -> MirrorError
  ) throws(MirrorError) -> [ExtendedAttribute] {
    let count = archive_entry_xattr_reset(entry)
    guard count > 0 else { return [] }
    var found: [FileName: ExtendedAttribute] = [:]
    for _ in 0..<count {
      var name: UnsafePointer<CChar>?
      var value: UnsafeRawPointer?
      var size = 0
      guard archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK, let name else {
        throw fault("has extended attributes that libarchive cannot read")
      }
      let attribute = FileName(escapedForTar: bytes(name))
      guard size <= ExtendedAttribute.largest else {
        throw fault(
          "has an extended attribute of \(size) bytes, more than the \(ExtendedAttribute.largest) of Linux: "
            + MemberFault.excerpt(attribute.bytes))
      }
      // bsdtar writes each in two spellings.
      found[attribute] = ExtendedAttribute(
        name: attribute, value: Array(UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size)))
    }
    return found.values.sorted { $0.name < $1.name }
  }

  private static func accessLists(
    _ entry: OpaquePointer, _ records: () -> PaxRecords, _ fault: (String) -> MirrorError
  ) throws(MirrorError) -> [NamedACL] {
    if archive_entry_acl_types(entry) == 0 { return [] }
    var lists: [NamedACL] = []
    for (type, name, key) in [
      (ARCHIVE_ENTRY_ACL_TYPE_ACCESS, PosixACL.accessName, "SCHILY.acl.access"),
      (ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, PosixACL.defaultName, "SCHILY.acl.default"),
    ] where archive_entry_acl_reset(entry, type) > 0 {
      let list = NamedACL(attribute: name, entries: try aclEntries(entry, type, fault))
      guard list.isClamped else {
        lists.append(list)
        continue
      }
      guard let text = records()[key], let exact = NamedACL(attribute: name, text: text) else {
        throw fault("has an access control list with a number above \(Int32.max - 1) that cannot be read")
      }
      lists.append(exact)
    }
    return lists
  }

  private static func notes(_ entry: OpaquePointer) -> [String] {
    let known = ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT
    return archive_entry_acl_types(entry) & ~known == 0
      ? [] : ["its NFSv4 access control list is not supported"]
  }

  private static func aclEntries(
    _ entry: OpaquePointer, _ wanted: Int32, _ fault: (String) -> MirrorError
  ) throws(MirrorError) -> [NamedACL.Entry] {
    var entries: [NamedACL.Entry] = []
    var type: Int32 = 0
    var permissions: Int32 = 0
    var tag: Int32 = 0
    var id: Int32 = 0
    var name: UnsafePointer<CChar>?
    while true {
      let result = archive_entry_acl_next(entry, wanted, &type, &permissions, &tag, &id, &name)
      if result == ARCHIVE_EOF { return entries }
      guard result == ARCHIVE_OK else {
        throw fault("has an access control list that libarchive cannot read")
      }
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
