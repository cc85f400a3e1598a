import Foundation
import Glibc
public import SystemPackage

/// A small Debian root that boots: kernel, systemd, systemd-boot, and an initramfs for disks and live images.
///
/// It is made once a machine, and shared by all tests. Emulated CPUs boot it in half a minute to a minute.
public enum BootRoot {
  /// Whether it can be made and started here.
  public static var isPossible: Bool {
    geteuid() == 0 && Tool.exists("mmdebstrap") && Tool.exists("qemu-system-x86_64")
  }

  /// Puts it into a workspace.
  ///
  /// - Parameter packages: more packages of Debian; such a root is kept too.
  /// - Returns: its path, a tarball named `boot-root.tar.zst`.
  public static func put(in workspace: Workspace, with packages: String...) throws -> FilePath {
    let script = FilePath(#filePath).removingLastComponent().appending("../mirrorctlTests/make-boot-root")
    let made = try RunningProgram(
      [script.string, workspace.path.string] + packages, environment: ProcessInfo.processInfo.environment
    ).wait()
    guard made.status == 0 else {
      throw Workspace.ShellFailure(script: script.string, message: made.errorText)
    }
    return workspace.path.appending("boot-root.tar.zst")
  }
}
