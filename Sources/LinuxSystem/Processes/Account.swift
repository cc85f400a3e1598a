import Glibc
import Synchronization
package import SystemPackage

/// Users and groups of this machine, and those that the program runs as.
package enum Account {
  /// The effective user.
  package static var user: UInt32 { geteuid() }
  /// The user who started the program, also if its file has the set-user-ID bit.
  package static var realUser: UInt32 { getuid() }
  /// The effective group.
  package static var group: UInt32 { getegid() }
  /// Whether the program has root's rights, even if only in a user namespace.
  package static var isRoot: Bool { user == 0 }

  /// What the kernel reports for users who have no number in this user namespace, among them root; nil if root
  /// has one.
  package static var unknownUser: UInt32? { IDMap.users.isWhole ? nil : 65534 }

  /// A user's number by name on this machine.
  package static func user(named name: String) -> UInt32? { user(named: FileName(name)) }

  package static func user(named name: FileName) -> UInt32? {
    name.withCString { name in entry(passwd(), { getpwnam_r(name, $0, $1, $2, $3) }, \.pw_uid) }
  }

  /// A group's number by name on this machine.
  package static func group(named name: String) -> UInt32? { group(named: FileName(name)) }

  package static func group(named name: FileName) -> UInt32? {
    name.withCString { name in entry(Glibc.group(), { getgrnam_r(name, $0, $1, $2, $3) }, \.gr_gid) }
  }

  /// A user's name on this machine, or else the number.
  package static func name(of user: UInt32) -> String { knownName(of: user) ?? "user \(user)" }

  /// A user's name on this machine; nil if it has none.
  package static func knownName(of user: UInt32) -> String? {
    entry(passwd(), { getpwuid_r(user, $0, $1, $2, $3) }, { String(cString: $0.pw_name) })
  }

  /// All users of this machine, with their home directories.
  package static func homes() -> [(user: String, home: FilePath)] {
    listing.withLock { _ in
      var homes: [(user: String, home: FilePath)] = []
      setpwent()
      defer { endpwent() }
      while let next = entry(
        passwd(), { getpwent_r($0, $1, $2, $3) },
        { (user: String(cString: $0.pw_name), home: FilePath(platformString: $0.pw_dir)) })
      {
        homes.append(next)
      }
      return homes
    }
  }

  /// The C library has one position in the list, which all threads share.
  private static let listing = Mutex(())

  /// Where a lookup stores an entry, its strings and their size, and whether it found one.
  private typealias Lookup<Entry> = (
    UnsafeMutablePointer<Entry>, UnsafeMutablePointer<CChar>, Int,
    UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>
  ) -> Int32

  /// A value of the entry that a reentrant lookup finds.
  private static func entry<Entry, Value>(
    _ empty: Entry, _ look: Lookup<Entry>, _ value: (Entry) -> Value
  ) -> Value? {
    // A group may have thousands of members.
    var size = 1 << 10
    while size <= 1 << 24 {
      var entry = empty
      var found: UnsafeMutablePointer<Entry>?
      let strings = UnsafeMutablePointer<CChar>.allocate(capacity: size)
      defer { strings.deallocate() }
      let fault = look(&entry, strings, size, &found)
      if fault == 0, found != nil { return value(entry) }
      guard fault == ERANGE || fault == EINTR else { return nil }
      size *= 4
    }
    return nil
  }
}

extension Ownership {
  /// The effective user and group, with these permission bits.
  package static func ofThisProcess(mode: UInt32) -> Ownership {
    Ownership(uid: Account.user, gid: Account.group, mode: mode)
  }
}
