import LinuxSystem
import CLinux
import Glibc
import Synchronization
import SystemPackage

/// The control group of a build's steps, with limits on memory and processes.
///
/// Only where the group of mirrorctl was delegated to it, as systemd does with `Delegate=yes`. Source: the chapter
/// on control groups v2 of the kernel's documentation, and systemd's page on delegation.
struct ControlGroup: ~Copyable {
  /// What the steps of a build may use together.
  struct Limits {
    /// Bytes; nil for no limit.
    var memory: Int64?
    /// Processes and threads; nil for no limit.
    var tasks: Int64?
  }

  /// The group that mirrorctl itself moves to.
  private static let name = "mirrorctl"

  /// The number of groups of this process so far: targets that are built at once have one each.
  private static let made = Shared(Atomic<Int>(0))

  /// Its directory.
  let path: String

  private init(owning path: String) { self.path = path }

  /// Creates it; nil if no group was delegated to this process.
  ///
  /// - Throws: when the group is delegated, but cannot be used.
  static func make(_ limits: Limits) throws(MirrorError) -> ControlGroup? {
    guard let parent = try place() else { return nil }
    let path = "\(parent)/steps-\(OwnProgram.pid)-\(made.value.wrappingAdd(1, ordering: .relaxed).newValue)"
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .system(lastErrno(), "create", path) }
    let group = ControlGroup(owning: path)
    try limit("memory.max", to: limits.memory, in: path)
    try limit("pids.max", to: limits.tasks, in: path)
    return group
  }

  deinit { rmdir(path) }

  /// The delegated group, without processes of its own.
  private static func place() throws(MirrorError) -> String? {
    guard let own = own() else { return nil }
    if isDelegated(own) {
      try leave(own)
      return own
    }
    // A target before this one, or another build of the service, left it already.
    guard own.hasSuffix("/\(name)") else { return nil }
    let parent = String(own.dropLast(name.utf8.count + 1))
    return isDelegated(parent) ? parent : nil
  }

  /// The group of this process in the second version of the hierarchy; nil if it is not mounted.
  private static func own() -> String? {
    let groups = ProcFile.text("/proc/self/cgroup") ?? ""
    guard let line = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return nil }
    // See proc(5): the mount point is the fifth field, the type the first one after the dash.
    for mount in (ProcFile.text("/proc/self/mountinfo") ?? "").split(separator: "\n") {
      let fields = mount.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 1, fields[dash + 1] == "cgroup2",
        fields[3] == "/"
      else { continue }
      return line.count > 4 ? "\(fields[4])\(line.dropFirst(3))" : String(fields[4])
    }
    return nil
  }

  private static func isDelegated(_ group: String) -> Bool {
    access("\(group)/cgroup.subtree_control", W_OK) == 0
      && (clinux_is_set(group, "trusted.delegate") == 1 || clinux_is_set(group, "user.delegate") == 1)
  }

  /// Moves the processes of the group into one below it: only a group without processes can have limits below.
  private static func leave(_ group: String) throws(MirrorError) {
    let place = "\(group)/\(name)"
    guard mkdir(place, 0o755) == 0 || errno == EEXIST else { throw .system(lastErrno(), "create", place) }
    for pid in (ProcFile.text("\(group)/cgroup.procs") ?? "").split(separator: "\n") {
      // Others may end meanwhile.
      do throws(MirrorError) { try write(String(pid), to: "\(place)/cgroup.procs") } catch {
        if pid == "\(OwnProgram.pid)" { throw error }
      }
    }
    let available = (ProcFile.text("\(group)/cgroup.controllers") ?? "").split(whereSeparator: \.isWhitespace)
    for controller in ["memory", "pids"] where available.contains(Substring(controller)) {
      try write("+\(controller)", to: "\(group)/cgroup.subtree_control")
    }
  }

  private static func limit(_ name: String, to value: Int64?, in group: String) throws(MirrorError) {
    guard let value else { return }
    let path = "\(group)/\(name)"
    guard access(path, F_OK) == 0 else {
      throw MirrorError(
        .refused, path, "does not exist: the controller was not delegated",
        remedy: "add Delegate=yes to the service, or do not set build/memory and build/tasks")
    }
    try write("\(value)", to: path)
  }

  private static func write(_ text: String, to path: String) throws(MirrorError) {
    let file = Descriptor(owning: try checked(open(path, O_WRONLY | O_CLOEXEC), "open", path))
    try attempt("write", path) { () throws(Errno) in try file.write(Array(text.utf8)) }
  }
}

extension BuildSettings {
  /// `build/memory` and `build/tasks`.
  var limits: ControlGroup.Limits {
    get throws {
      ControlGroup.Limits(
        memory: try limit("build/memory", "a size such as 8G", Quantity.bytes),
        tasks: try limit("build/tasks", "a number such as 10000") { Int64($0).flatMap { $0 > 0 ? $0 : nil } })
    }
  }

  private func limit(_ key: String, _ wanted: String, _ parse: (String) -> Int64?) throws -> Int64? {
    guard let text = try text(key) else { return nil }
    guard let value = parse(text) else {
      throw MirrorError(.invalid, key, "`\(text)` is not \(wanted)", remedy: "use \(wanted)")
    }
    return value
  }
}
