import LinuxSystem
import CLinux
import Glibc

/// How the host finds others by name: seen in the root during a step, never copied to it.
struct HostFiles {
  private var files: [(path: String, mount: Mount)] = []

  /// Those that the host has.
  init() throws(MirrorError) {
    for path in ["/etc/hosts", "/etc/resolv.conf"] where access(path, R_OK) == 0 {
      let mount = try Mount.copy(of: path)
      try mount.restrict(CLINUX_READ_ONLY)
      files.append((path, mount))
    }
  }

  /// Covers the root's files with them; where it has something strange there the step goes without.
  func attach(_ points: borrowing MountPoints) {
    for (path, mount) in files {
      do throws(MirrorError) { try mount.attach(to: try points.file(path), path) } catch {
        let text = "mirrorctl: \(error.subject): \(error.problem): the step goes without the host's\n"
        _ = write(STDERR_FILENO, text, text.utf8.count)
      }
    }
  }
}
