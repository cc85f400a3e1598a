import SystemPackage

/// Numbers of users and groups of a root, from its own `etc/passwd` and `etc/group`, then from this
/// machine's.
package struct AccountNames {
  private let users: [[UInt8]: UInt32]
  private let groups: [[UInt8]: UInt32]

  package init(root: borrowing TreeDirectory) {
    users = Self.table("passwd", root)
    groups = Self.table("group", root)
  }

  package func user(_ name: [UInt8]) -> UInt32? {
    users[name] ?? Account.user(named: FileName(bytes: name))
  }

  package func group(_ name: [UInt8]) -> UInt32? {
    groups[name] ?? Account.group(named: FileName(bytes: name))
  }

  /// `name:x:number:…`, one per line; an unreadable file has no names.
  private static func table(_ file: FileName, _ root: borrowing TreeDirectory) -> [[UInt8]: UInt32] {
    guard let directory = try? root.directory(FileName("etc")), let file = try? directory.file(file),
      (try? NodeStatus(of: file))?.kind == .regular, let content = try? file.bytes(upTo: 1 << 22)
    else { return [:] }
    var numbers: [[UInt8]: UInt32] = [:]
    for line in content.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard fields.count > 2, let number = UInt32(String(decoding: fields[2], as: UTF8.self)) else {
        continue
      }
      numbers[Array(fields[0])] = number
    }
    return numbers
  }
}
