import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// What was created in a root for a step: mount points, the script, and copies of the host's files.
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
      guard let status = Self.regular(name, in: parent), status.size == 0 else { return }
      unlinkat(parent.raw, name, 0)
    case .loan: takeBack(name, in: parent)
    }
  }

  /// Puts the root's own file back in its place, unless the step has replaced it.
  ///
  /// What still contains the mark was made from our copy, and would take the host's file into the stage.
  private func takeBack(_ name: String, in parent: borrowing Descriptor) {
    let aside = name + HostFiles.aside
    var status = clinux_status()
    let isThere = clinux_status(parent.raw, name, &status) == 0
    guard !isThere || isLoan(name, in: parent) else {
      unlinkat(parent.raw, aside, 0)
      return
    }
    if isThere { unlinkat(parent.raw, name, 0) }
    renameat(parent.raw, aside, parent.raw, name)
  }

  private func isLoan(_ name: String, in parent: borrowing Descriptor) -> Bool {
    guard Self.regular(name, in: parent) != nil else { return false }
    let raw = openat(parent.raw, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard raw >= 0 else { return false }
    let file = Descriptor(owning: raw)
    // A step may have added to it.
    guard let text = try? file.bytes(upTo: HostFiles.limit * 2) else { return false }
    let mark = Array(HostFiles.mark.dropLast().utf8)
    return text.split(separator: UInt8(ascii: "\n")).contains { $0.elementsEqual(mark) }
  }

  private static func regular(_ name: String, in parent: borrowing Descriptor) -> clinux_status? {
    var status = clinux_status()
    guard clinux_status(parent.raw, name, &status) == 0, status.mode & S_IFMT == S_IFREG else { return nil }
    return status
  }
}
