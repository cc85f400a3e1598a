import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The script file of a step.
struct StepScript: ~Copyable {
  /// The path in the step's root.
  let path: String
  private let directory: Descriptor
  private let name: String

  private init(path: String, directory: consuming Descriptor, name: String) {
    self.path = path
    self.directory = directory
    self.name = name
  }

  /// Writes it to `/tmp` of the new root, or to a private directory on the host.
  static func write(_ plan: SandboxPlan, _ report: SandboxReport.Writer) throws(MirrorError) -> StepScript {
    let name = plan.script.name.split(separator: "/").joined(separator: "-") + ".metro"
    let place = plan.root == nil ? plan.scriptDirectory ?? "" : "/tmp"
    let directory =
      try plan.root == nil
      ? privateDirectory(place)
      : MountPoints(report).plainDirectory("tmp", mode: 0o1777, isKept: true)
    let script = StepScript(path: "\(place)/\(name)", directory: directory, name: name)
    try script.write(plan.script.text, report)
    return script
  }

  private func write(_ text: String, _ report: SandboxReport.Writer) throws(MirrorError) {
    guard unlinkat(directory.raw, name, 0) == 0 || errno == ENOENT else {
      let error = lastErrno()
      throw MirrorError(
        .system(error), path, "blocks a script, and cannot be removed: \(error)",
        remedy: "check what the seed or an earlier step created there")
    }
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let file = Descriptor(
      owning: try checked(openat(directory.raw, name, flags, 0o700), "create", path))
    report.made(.script, path)
    do throws(Errno) { try file.write(Array(text.utf8)) } catch {
      throw .system(error, "write", path)
    }
    try checked(fchmod(file.raw, 0o755), "set the mode", path)
  }

  private static func privateDirectory(_ path: String) throws(MirrorError) -> Descriptor {
    let raw = try checked(
      open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), "open the script directory", path)
    let directory = Descriptor(owning: raw)
    var status = clinux_status()
    try checked(clinux_status(raw, "", &status), "examine", path)
    guard status.uid == geteuid(), status.mode & 0o022 == 0 else {
      throw MirrorError(
        .refused, path, "is not private: others could change a script before it runs",
        remedy: "use a directory with mode 0700")
    }
    return directory
  }

  /// Removes it if the step did not.
  func remove() { unlinkat(directory.raw, name, 0) }
}
