import Glibc
import Synchronization
package import SystemPackage

/// Users and groups of this machine, and those that the program runs as.
package enum Account {
  /// The effective user.
  package static var user: UInt32 { geteuid() }
  /// The effective group.
  package static var group: UInt32 { getegid() }
  /// Whether the program has root's rights, even if only in a user namespace.
  package static var isRoot: Bool { user == 0 }

  /// What the kernel reports for users who have no number in this user namespace, among them root; nil if root
  /// has one.
  package static var unknownUser: UInt32? {
    let words = ProcFile.text("/proc/self/uid_map")?.split(whereSeparator: \.isWhitespace) ?? []
    return words.isEmpty || words == ["0", "0", "4294967295"] ? nil : 65534
  }

  /// A user's number by name on this machine.
  package static func user(named name: String) -> UInt32? { user(named: FileName(name)) }

  package static func user(named name: FileName) -> UInt32? {
    database.withLock { _ in name.withCString { getpwnam($0)?.pointee.pw_uid } }
  }

  /// A group's number by name on this machine.
  package static func group(named name: String) -> UInt32? { group(named: FileName(name)) }

  package static func group(named name: FileName) -> UInt32? {
    database.withLock { _ in name.withCString { getgrnam($0)?.pointee.gr_gid } }
  }

  /// A user's name on this machine, or else the number.
  package static func name(of user: UInt32) -> String { knownName(of: user) ?? "user \(user)" }

  /// A user's name on this machine; nil if it has none.
  package static func knownName(of user: UInt32) -> String? {
    database.withLock { _ in getpwuid(user).map { String(cString: $0.pointee.pw_name) } }
  }

  /// All users of this machine, with their home directories.
  package static func homes() -> [(user: String, home: FilePath)] {
    database.withLock { _ in
      var homes: [(user: String, home: FilePath)] = []
      setpwent()
      defer { endpwent() }
      while let entry = getpwent() {
        guard let name = entry.pointee.pw_name, let home = entry.pointee.pw_dir else { continue }
        homes.append((String(cString: name), FilePath(platformString: home)))
      }
      return homes
    }
  }

  /// The C library returns its entries in static storage, which the next call of any thread overwrites.
  private static let database = Mutex(())
}

extension Ownership {
  /// The effective user and group, with these permission bits.
  package static func ofThisProcess(mode: UInt32) -> Ownership {
    Ownership(uid: Account.user, gid: Account.group, mode: mode)
  }
}
