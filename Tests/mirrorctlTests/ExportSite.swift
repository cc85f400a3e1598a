import Foundation
import Glibc
import SystemPackage
import TestSupport

/// A stage with all types of files, as a directory `root` and as a tarball `stage3.tar.xz`.
struct ExportSite {
  let workspace: Workspace
  /// The time of images in tests: 2026-11-22T12:00:00Z.
  static let epoch = ["--epoch", "1795348800"]

  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      mkdir -p root/bin root/etc root/usr/share root/dev root/tmp "root/$(printf 'n%.0s' $(seq 120))/$(printf 'm%.0s' $(seq 120))"
      cp "$(command -v busybox)" root/bin/busybox; ln -s busybox root/bin/sh; ln root/bin/busybox root/bin/second
      ln root/bin/busybox root/usr/third; touch root/usr/empty
      echo 'NAME=Tiny' > root/etc/os-release; chmod 640 root/etc/os-release; chown 7:8 root/etc/os-release
      truncate -s 3M root/usr/share/hole; echo end >> root/usr/share/hole
      seq 1 40000 > root/usr/share/numbers; chmod 4711 root/usr/share/numbers; chmod 1777 root/tmp
      mkfifo root/dev/pipe; chown 100000:70000 root/dev/pipe; echo x > "root/usr/$(printf 'b\\344r')"
      touch root/usr/1 root/usr/2 "root/usr/$(printf 'a\\nb')"
      if [ "$(id -u)" = 0 ]; then mknod root/dev/null c 1 3; mknod root/dev/sda b 8 0; fi
      setfattr -n user.note -v text root/etc; setcap cap_net_raw+ep root/bin/busybox; setfattr -n user.root -v 1 root
      setfacl -m u:5:r,d:u:6:rx root/usr/share; chmod 711 root; chown 3:4 root
      find root -depth -exec touch -hd 2026-11-20T10:00:00.5Z {} +
      tar --sort=name --xattrs --xattrs-include='*' --acls -C root -I 'xz -0' -cf stage3.tar.xz .
      """)
  }

  /// Adds a kernel that prints its parameters, and an initramfs that has dracut's module for live images.
  func makeBootable() throws {
    try TinyKernel.file.write(to: URL(fileURLWithPath: "\(workspace.path)/vmlinuz"))
    try workspace.shell(
      """
      mkdir -p root/boot "i/$(dirname \(Self.hook))"; : > i/\(Self.hook); cp vmlinuz root/boot/vmlinuz-6.12.3-tiny
      bsdtar --format newc -C i -cf root/boot/initramfs-6.12.3-tiny.img \(Self.hook)
      find root -depth -exec touch -hd 2026-11-20T10:00:00.5Z {} +
      tar --sort=name --xattrs --xattrs-include='*' --acls -C root -I 'xz -0' -cf stage3.tar.xz .
      """)
  }

  /// A file of dracut's module.
  private static let hook = "usr/lib/dracut/hooks/cmdline/30-parse-dmsquash-live.sh"

  /// Runs the verb with this umask and time zone; `@` stands for the working directory.
  func export(
    _ arguments: [String], umask: String = "022", zone: String = "UTC", path: String = "",
    variables: [String] = []
  ) throws -> Outcome {
    try workspace.run(
      ["env", "TZ=\(zone)", "PATH=\(path)/usr/sbin:/usr/bin:/sbin:/bin"] + variables
        + ["sh", "-c", "umask \(umask); exec \"$@\"", "sh", Program.path.string, "export"]
        + expanded(arguments))
  }

  /// Arguments with the working directory in place of `@`.
  func expanded(_ arguments: [String]) -> [String] {
    arguments.map { $0.hasPrefix("@") ? "\(workspace.path)/\($0.dropFirst())" : $0 }
  }

  /// Shell commands that list the working directory: one line for each entry and attribute, sorted.
  ///
  /// - Parameters:
  ///   - time: a time in `find -printf`: `%T@`, or `%Ts` for whole seconds.
  ///   - attributes: a pattern of the names of extended attributes.
  static func list(time: String, attributes: String = "-") -> String {
    """
    { find . -type d -printf '%p d %m %U %G \(time)\\n'
      find . ! -type d -printf '%p %y %m %U %G %n \(time) %s %l\\n'
      find . -type f -exec sha256sum {} +
      find . -type b -exec stat -c '%n %t:%T' {} +; find . -type c -exec stat -c '%n %t:%T' {} +
      find . -exec getfattr -hd -m '\(attributes)' {} \\; | tr '\\n' ' ' | sed 's/# file: /\\n/g'; } | LC_ALL=C sort
    """
  }

  /// The names in the working directory, to find what was left behind.
  func names() throws -> String { try workspace.shell("ls -A").text }
}

/// What this machine permits in tests of images.
enum ImageHost {
  /// Whether images can be mounted, in a mount namespace of their own.
  static let mounts: Bool = {
    let script = """
      cd "$(mktemp -d)" && mkdir e && : > e/x && mkfs.erofs --quiet i e && mkdir m \
        && unshare -m mount -t erofs -o loop,ro i m; code=$?; rm -rf "$PWD"; exit $code
      """
    return geteuid() == 0 && (try? Tool.run("sh", "-c", script).status) == 0
  }()
}
