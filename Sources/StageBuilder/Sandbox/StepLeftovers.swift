import LinuxSystem
import CLinux
import Glibc

/// What was created in a root for a step: mount points and the script.
struct StepLeftovers {
  let root: String
  let made: [SandboxReport.Made]

  /// Removes what still exists and is empty. The step's mounts must be gone; the step may have put links
  /// anywhere.
  func remove() {
    let raw = open(root, CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
    guard raw >= 0 else { return }
    let root = Descriptor(owning: raw)
    for made in made.reversed() {
      guard let slash = made.path.lastIndex(of: "/") else { continue }
      let flags = UInt64(UInt32(bitPattern: CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC))
      let parent = clinux_openat2(root.raw, "." + made.path[..<slash], flags, 0, CLINUX_IN_ROOT)
      guard parent >= 0 else { continue }
      remove(String(made.path[made.path.index(after: slash)...]), made.kind, in: Descriptor(owning: parent))
    }
  }

  private func remove(_ name: String, _ kind: SandboxReport.Made.Kind, in parent: borrowing Descriptor) {
    switch kind {
    case .directory: unlinkat(parent.raw, name, AT_REMOVEDIR)
    case .script: unlinkat(parent.raw, name, 0)
    case .placeholder:
      var status = clinux_status()
      guard clinux_status(parent.raw, name, &status) == 0, status.mode & S_IFMT == S_IFREG, status.size == 0
      else { return }
      unlinkat(parent.raw, name, 0)
    }
  }
}
