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

  init(attribute: FileName, entries: [Entry]) {
    self.attribute = attribute
    self.entries = entries
  }

  /// Whether a number is the largest that libarchive can represent, which then stands for all larger ones.
  var isClamped: Bool {
    entries.contains { ($0.tag == .user || $0.tag == .group) && $0.id == UInt32(Int32.max) }
  }

  /// The bytes of memory that it needs.
  var cost: Int { entries.reduce(64) { $0 + 64 + $1.name.count } }

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

extension NamedACL {
  /// Parses the value of a record `SCHILY.acl.access`: `user:NAME:rwx:ID`, separated by commas, where a number
  /// may replace the name; nil if it is not such a list.
  init?(attribute: FileName, text: [UInt8]) {
    var entries: [Entry] = []
    for part in String(decoding: text, as: UTF8.self).split(whereSeparator: { $0 == "," || $0 == "\n" }) {
      guard let entry = Entry(part) else { return nil }
      entries.append(entry)
    }
    self.init(attribute: attribute, entries: entries)
  }
}

extension NamedACL.Entry {
  fileprivate init?(_ text: Substring) {
    var fields = text.split(separator: ":", omittingEmptySubsequences: false).map { field in
      field.drop { $0 == " " }
    }
    if fields.first == "default" { fields.removeFirst() }
    guard fields.count > 1 else { return nil }
    let name = fields.count > 2 ? fields[1] : ""
    let isNamed = !name.isEmpty
    switch fields[0] {
    case "user": tag = isNamed ? .user : .userObject
    case "group": tag = isNamed ? .group : .groupObject
    case "mask": tag = .mask
    case "other": tag = .other
    default: return nil
    }
    var permissions: UInt16 = 0
    for letter in fields.count > 2 ? fields[2] : fields[1] {
      switch letter {
      case "r": permissions |= 4
      case "w": permissions |= 2
      case "x": permissions |= 1
      case "-", " ": break
      default: return nil
      }
    }
    self.permissions = permissions
    id = isNamed ? UInt32(fields.count > 3 ? fields[3] : name) : nil
    self.name = Array(name.utf8)
    // A number beyond all, which would otherwise be taken for a name.
    if isNamed && id == nil && name.allSatisfy(\.isNumber) || id == .max { return nil }
  }
}
