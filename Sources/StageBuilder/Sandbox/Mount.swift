import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// A mount that is detached until ``attach(to:_:)``; if never attached, it disappears with this value.
final class Mount {
  let descriptor: Descriptor
  private let name: String

  private init(owning raw: Int32, name: String) {
    descriptor = Descriptor(owning: raw)
    self.name = name
  }

  /// A copy of the mounts at a path and below it.
  ///
  /// Including those below, because an ordinary user must not uncover what the host's mounts hide.
  static func copy(of path: String, in directory: Int32 = -100) throws(MirrorError) -> Mount {
    Mount(owning: try checked(clinux_copy_mounts(directory, path), "mount", path), name: path)
  }

  /// A new file system without a block device; see `mount(8)` for its options.
  static func fileSystem(
    _ type: String, _ options: KeyValuePairs<String, String?> = [:], attributes: UInt64
  ) throws(MirrorError) -> Mount {
    let context = Descriptor(owning: try checked(clinux_file_system(type), "create a \(type)", type))
    for (name, value) in options {
      try checked(clinux_file_system_option(context.raw, name, value), "set \(name) of a \(type)", type)
    }
    let raw = clinux_file_system_mount(context.raw, attributes)
    return Mount(owning: try checked(raw, "create a \(type)", type), name: type)
  }

  /// The file system in a squashfs image, which exists as long as the mount. Only the host's root can do this.
  static func image(_ path: String) throws(MirrorError) -> Mount {
    let file = Descriptor(owning: try checked(open(path, O_RDONLY | O_CLOEXEC), "open", path))
    var number: Int32 = 0
    let device = Descriptor(owning: try checked(clinux_loop_device(file.raw, &number), "mount", path))
    return try withExtendedLifetime(device) { () throws(MirrorError) in
      try fileSystem("squashfs", ["source": "/dev/loop\(number)", "ro": nil], attributes: CLINUX_READ_ONLY)
    }
  }

  /// Adds attributes such as `CLINUX_READ_ONLY`. The others are kept, including locked ones.
  func restrict(_ attributes: UInt64) throws(MirrorError) {
    try checked(clinux_restrict_mount(descriptor.raw, attributes), "restrict the mount", name)
  }

  /// Attaches it over an open file or directory.
  func attach(to target: borrowing Descriptor, _ path: String) throws(MirrorError) {
    try checked(clinux_attach_mount(descriptor.raw, target.raw), "mount \(name) at", path)
  }
}
