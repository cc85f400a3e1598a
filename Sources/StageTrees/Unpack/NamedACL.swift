import LinuxSystem

/// An access control list as GNU tar writes it: with names of users and groups instead of numbers.
struct NamedACL: Sendable {
  struct Entry: Sendable {
    let tag: PosixACL.Tag
    let permissions: UInt16
    /// nil if only the name is given.
    let id: UInt32?
    let name: [UInt8]
  }

  /// Which of the two lists it is.
  let attribute: FileName
  let entries: [Entry]

  /// The list with numbers, or an unknown name.
  func resolved(by names: AccountNames) -> Result<ExtendedAttribute, UnknownName> {
    var numbered: [PosixACL.Entry] = []
    for entry in entries {
      let isNamed = entry.tag == .user || entry.tag == .group
      let id = entry.id ?? (entry.tag == .user ? names.user(entry.name) : names.group(entry.name))
      if isNamed && id == nil { return .failure(UnknownName(name: entry.name)) }
      numbered.append(PosixACL.Entry(tag: entry.tag, permissions: entry.permissions, id: id ?? .max))
    }
    return .success(ExtendedAttribute(name: attribute, value: PosixACL(entries: numbered).attribute))
  }

  /// The list if all numbers are given.
  var numbered: ExtendedAttribute? {
    guard entries.allSatisfy({ $0.id != nil || ($0.tag != .user && $0.tag != .group) }) else { return nil }
    let list = entries.map { PosixACL.Entry(tag: $0.tag, permissions: $0.permissions, id: $0.id ?? .max) }
    return ExtendedAttribute(name: attribute, value: PosixACL(entries: list).attribute)
  }

  struct UnknownName: Error {
    let name: [UInt8]
  }
}
