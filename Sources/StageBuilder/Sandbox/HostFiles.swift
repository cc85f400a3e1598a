import LinuxSystem
import CLinux
import Glibc

/// The host's name resolution files: visible in the root during a step, never copied into it.
struct HostFiles {
  private var files: [(path: String, mount: Mount)] = []

  /// The files that exist on the host.
  init() throws(MirrorError) {
    for path in ["/etc/hosts", "/etc/resolv.conf"] where access(path, R_OK) == 0 {
      let mount = try Mount.copy(of: path)
      try mount.restrict(CLINUX_READ_ONLY)
      files.append((path, mount))
    }
  }

  /// Mounts them over the root's files. If the root has something unusual there, the step runs without.
  func attach(_ points: borrowing MountPoints) {
    for (path, mount) in files {
      do throws(MirrorError) { try mount.attach(to: try points.file(path), path) } catch {
        let text = "mirrorctl: \(error.subject): \(error.problem): the step runs without the host's file\n"
        _ = write(STDERR_FILENO, text, text.utf8.count)
      }
    }
  }
}
