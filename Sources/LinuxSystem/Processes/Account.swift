import Glibc

/// Users and groups of this machine, and those that the program runs as.
package enum Account {
  /// The effective user.
  package static var user: UInt32 { geteuid() }
  /// The effective group.
  package static var group: UInt32 { getegid() }
  /// Whether the program has root's rights, even if only in a user namespace.
  package static var isRoot: Bool { user == 0 }

  /// A user's number by name on this machine.
  package static func user(named name: String) -> UInt32? { getpwnam(name)?.pointee.pw_uid }

  /// A group's number by name on this machine.
  package static func group(named name: String) -> UInt32? { getgrnam(name)?.pointee.gr_gid }

  /// A user's name on this machine, or else the number.
  package static func name(of user: UInt32) -> String {
    getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "user \(user)"
  }
}

extension Ownership {
  /// The effective user and group, with these permission bits.
  package static func ofThisProcess(mode: UInt32) -> Ownership {
    Ownership(uid: Account.user, gid: Account.group, mode: mode)
  }
}
