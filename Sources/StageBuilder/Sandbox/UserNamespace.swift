package import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// Makes an ordinary user root of a user namespace with subordinate ids.
package enum UserNamespace {
  /// The user namespace of this process.
  package struct State: Hashable, Sendable {
    /// Whether root here is an ordinary user outside, who cannot create devices and can mount little.
    package let isInside: Bool
    /// The user outside the namespace that root here maps to.
    package let outerUser: UInt32

    /// From the text of `/proc/self/uid_map`; nil if it cannot be read.
    init(map: String?) {
      let users = IDMap(map)
      isInside = !users.isWhole
      outerUser = users.outerRoot
    }

    /// The state of this process.
    package static var current: State { State(map: ProcFile.text("/proc/self/uid_map")) }
  }

  /// Enters a user namespace as root, with all capabilities in it.
  ///
  /// Must be called before any thread starts. 0 is the user; 1 and up are the ids granted by `/etc/subuid`
  /// and `/etc/subgid`.
  package static func enter() throws(MirrorError) {
    let (user, group) = (geteuid(), getegid())
    let name = Account.knownName(of: user) ?? "\(user)"
    let users = try ids(.users, name, user)
    let groups = try ids(.groups, name, user)
    let commands = [
      [try program(.users), "\(getpid())"] + users.mapping(of: user),
      [try program(.groups), "\(getpid())"] + groups.mapping(of: group),
    ]
    var ends: [Int32] = [-1, -1]
    try checked(clinux_pipe(&ends), "create", "a pipe")
    let sink = ends[1]
    let source = Descriptor(owning: ends[0])
    // It remains outside, where the programs keep their set-user-ID bit and the ids their meaning.
    let child = try checked(clinux_fork(), "start", "newuidmap")
    if child == 0 {
      close(sink)
      var go: UInt8 = 0
      guard read(source.raw, &go, 1) == 1 else { _exit(1) }
      _exit(commands.allSatisfy(run) ? 0 : 1)
    }
    let isApart = clinux_unshare(CLINUX_NEW_USERS) == 0
    let fault = lastErrno()
    var go: UInt8 = 1
    if isApart { write(sink, &go, 1) }
    close(sink)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    guard isApart else { throw refused(fault) }
    guard status == 0 else {
      throw MirrorError(
        .refused, "newuidmap", "cannot map ids into the user namespace of \(name)",
        remedy: "see its message above: newuidmap and newgidmap must be set-user-ID root")
    }
    try checked(setgroups(0, nil), "drop the supplementary groups", name)
    try checked(setgid(0), "switch to it", "group 0")
    try checked(setuid(0), "switch to it", "user 0")
  }

  private static func ids(
    _ kind: SubordinateIDs.Kind, _ name: String, _ user: UInt32
  ) throws(MirrorError) -> SubordinateIDs {
    let ids = SubordinateIDs(kind, user: name, number: user)
    guard ids.ranges.isEmpty else { return ids }
    throw MirrorError(
      .refused, kind.file, "has no entry for \(name)", remedy: "run as root: \(addition(name))")
  }

  /// The command that grants a user subordinate ids.
  static func addition(_ name: String) -> String {
    "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 \(name)"
  }

  private static func program(_ kind: SubordinateIDs.Kind) throws(MirrorError) -> String {
    guard let path = Executable.find(kind.program) else {
      throw MirrorError(
        .refused, kind.program, "not found: ordinary users need it to build",
        remedy: "install uidmap (Debian) or shadow, or run as root")
    }
    return path
  }

  private static func refused(_ fault: Errno) -> MirrorError {
    MirrorError(
      .system(fault), "unshare(2)", "ordinary users cannot create user namespaces here: \(fault)",
      remedy: "run as root, or see \(run: .doctor)")
  }

  private static func run(_ command: [String]) -> Bool {
    var pid = pid_t()
    let fault = withCStrings(command) { arguments in
      withCStrings(["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]) { variables in
        posix_spawn(&pid, command[0], nil, nil, arguments, variables)
      }
    }
    var status: Int32 = 0
    guard fault == 0 else { return false }
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status == 0
  }
}
