import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// Registers emulators in the user namespace of a step.
enum StepEmulators {
  /// Must be called as root of the namespace, and before the step's root is entered: the kernel opens the emulators.
  ///
  /// - Returns: a mount that the step does not see; the registrations end with it. Nil if there are none.
  static func register(_ emulators: [Emulator]) throws(MirrorError) -> Mount? {
    guard !emulators.isEmpty else { return nil }
    let place = try Mount.fileSystem(
      "binfmt_misc", attributes: CLINUX_NO_SETUID | CLINUX_NO_DEVICES | CLINUX_NO_PROGRAMS)
    for emulator in emulators {
      let raw = openat(place.descriptor.raw, "register", O_WRONLY | O_CLOEXEC)
      let file = Descriptor(owning: try checked(raw, "register an emulator with", "binfmt_misc"))
      try attempt("register with binfmt_misc", emulator.path) { () throws(Errno) in
        try file.write(Array(emulator.registration.utf8))
      }
    }
    return place
  }
}
