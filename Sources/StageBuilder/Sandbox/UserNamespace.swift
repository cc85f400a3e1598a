package import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// What makes root of an ordinary user, in a world of numbers of his own.
package enum UserNamespace {
  /// Where this process is.
  package struct State: Hashable, Sendable {
    /// Whether root here is an ordinary user outside: he makes no devices, and mounts little.
    package let isInside: Bool
    /// The user outside that root here is.
    package let outerUser: UInt32

    /// What `/proc/self/uid_map` says; see `user_namespaces(7)`.
    init(map: String) {
      let first = map.split(separator: "\n").first ?? ""
      let words = first.split(separator: " ").compactMap { UInt32($0) }
      isInside = !map.isEmpty && words != [0, 0, .max]
      outerUser = words.count == 3 && words[0] == 0 ? words[1] : 0
    }

    /// That of this process.
    package static var current: State { State(map: ProcFile.text("/proc/self/uid_map") ?? "") }
  }

  /// Goes on as root of a user namespace, with all capabilities there.
  ///
  /// Must be called before any thread is started. 0 is the user himself; 1 and on are the numbers that
  /// `/etc/subuid` and `/etc/subgid` give him.
  package static func enter() throws(MirrorError) {
    let (user, group) = (geteuid(), getegid())
    let name = getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "\(user)"
    let users = try ids(.users, name, user)
    let groups = try ids(.groups, name, user)
    let commands = [
      [try program(.users), "\(getpid())"] + users.mapping(of: user),
      [try program(.groups), "\(getpid())"] + groups.mapping(of: group),
    ]
    var ends: [Int32] = [-1, -1]
    try checked(clinux_pipe(&ends), "make", "a pipe")
    let sink = ends[1]
    let source = Descriptor(owning: ends[0])
    // It stays outside, where the programs have their set-user-ID bit and the numbers their meaning.
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
        .refused, "newuidmap", "could not give numbers to the user namespace of \(name)",
        remedy: "see what it says above: it and newgidmap need to be set-user-ID root")
    }
    try checked(setgroups(0, nil), "leave the groups of", name)
    try checked(setgid(0), "become", "group 0")
    try checked(setuid(0), "become", "user 0")
  }

  private static func ids(
    _ kind: SubordinateIDs.Kind, _ name: String, _ user: UInt32
  ) throws(MirrorError) -> SubordinateIDs {
    let ids = SubordinateIDs(kind, user: name, number: user)
    guard ids.ranges.isEmpty else { return ids }
    throw MirrorError(
      .refused, kind.file, "has no line for \(name)", remedy: "run as root: \(addition(name))")
  }

  /// The command that gives a user numbers.
  static func addition(_ name: String) -> String {
    "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 \(name)"
  }

  private static func program(_ kind: SubordinateIDs.Kind) throws(MirrorError) -> String {
    guard let path = Executable.find(kind.program) else {
      throw MirrorError(
        .refused, kind.program, "is not to be found: an ordinary user needs it to build",
        remedy: "install uidmap (Debian) or shadow, or run as root")
    }
    return path
  }

  private static func refused(_ fault: Errno) -> MirrorError {
    MirrorError(
      .system(fault), "unshare(2)", "an ordinary user may not make a user namespace here: \(fault)",
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
