import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The host's name resolution files, for a step to see in its root; they never become part of a stage.
///
/// A root's own file is set aside, and a copy of the host's takes its place until the step has ended, see
/// ``StepLeftovers``: nothing is mounted over it, so that a package manager can replace it. Where the root has a
/// symbolic link, the content is mounted where the link leads, and the link stays.
struct HostFiles {
  /// The first line of a copy. A file that still contains it was made from one.
  static let mark = "# The host's file, during this step only (mirrorctl).\n"
  /// Added to the name of the root's own file while it is set aside.
  static let aside = ".mirrorctl"
  /// Largest copy, in bytes.
  static let limit = 1 << 20

  private var files: [(path: String, text: [UInt8])] = []

  /// Reads the files that exist on the host.
  init() throws(MirrorError) {
    for path in ["/etc/hosts", "/etc/resolv.conf"] {
      let raw = open(path, O_RDONLY | O_CLOEXEC)
      guard raw >= 0 else { continue }
      let file = Descriptor(owning: raw)
      let text = try attempt("read", path) { () throws(Errno) in try file.bytes(upTo: Self.limit) }
      files.append((path, Array(Self.mark.utf8) + text))
    }
  }

  /// Provides them in the root. If the root has something unusual there, the step runs without.
  func provide(_ points: borrowing MountPoints, _ report: SandboxReport.Writer) {
    for (path, text) in files {
      do throws(MirrorError) {
        if points.isLink(path) { try cover(path, text, points) } else { try lend(path, text, points, report) }
      } catch {
        let text = "mirrorctl: \(error.subject): \(error.problem): the step runs without the host's file\n"
        _ = write(STDERR_FILENO, text, text.utf8.count)
      }
    }
  }

  /// Mounts the text where a link in the root leads.
  private func cover(_ path: String, _ text: [UInt8], _ points: borrowing MountPoints) throws(MirrorError) {
    let target = try points.file(try points.target(ofLink: path))
    // A file of its own file system, since the root must not contain the text.
    let place = try Mount.fileSystem(
      "tmpfs", ["mode": "755", "size": "2m"], attributes: CLINUX_NO_DEVICES | CLINUX_NO_SETUID)
    let raw = openat(place.descriptor.raw, "file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    let file = Descriptor(owning: try checked(raw, "create a copy of", path))
    try attempt("copy", path) { () throws(Errno) in try file.write(text) }
    try Mount.copy(of: "file", in: place.descriptor.raw).attach(to: target, path)
  }

  /// Puts a copy in place of the root's own file.
  private func lend(
    _ path: String, _ text: [UInt8], _ points: borrowing MountPoints, _ report: SandboxReport.Writer
  ) throws(MirrorError) {
    guard let name = path.split(separator: "/").last.map(String.init) else { return }
    let directory = try points.directory(String(path.dropLast(name.utf8.count + 1)))
    var status = clinux_status()
    let isThere = clinux_status(directory.raw, name, &status) == 0
    guard !isThere || status.mode & S_IFMT == S_IFREG else {
      throw MirrorError(.invalid, path, "is not a regular file in the root")
    }
    // Before the change, so that whatever happens is undone.
    report.made(.loan, path)
    let aside = name + Self.aside
    if isThere {
      try checked(renameat(directory.raw, name, directory.raw, aside), "set aside", path)
    }
    let raw = openat(directory.raw, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    let file = Descriptor(owning: try checked(raw, "create a copy of", path))
    try attempt("copy", path) { () throws(Errno) in try file.write(text) }
  }
}
