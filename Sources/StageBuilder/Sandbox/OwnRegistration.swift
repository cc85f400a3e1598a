import LinuxSystem
import MirrorModel

/// Whether steps can register emulators in user namespaces of their own, so that nothing on the host changes.
struct OwnRegistration: Sendable {
  /// As `uname -r` prints it.
  let kernel: String
  /// The installed emulator of an architecture.
  let installed: @Sendable (Architecture) -> Emulator?

  /// Of this machine.
  static var current: OwnRegistration {
    OwnRegistration(kernel: HostMachine.kernel, installed: Emulator.installed)
  }

  /// Linux 6.7 lets a user namespace mount its own binfmt_misc.
  private var isPossible: Bool {
    let numbers = kernel.split(whereSeparator: { !$0.isASCII || !$0.isNumber }).prefix(2).compactMap {
      Int($0)
    }
    return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 7)
  }

  /// The emulators of a machine and of those whose programs it also runs; nil if this is not possible.
  func emulators(for machine: ProgramHeader.Machine) -> [Emulator]? {
    guard isPossible, let wanted = Architecture(machine), let emulator = installed(wanted) else { return nil }
    return [emulator] + wanted.companions.compactMap(installed)
  }

  /// Why there are none, and the remedy.
  func obstacle(for machine: ProgramHeader.Machine) -> (problem: String, remedy: String) {
    guard let name = Architecture(machine)?.emulatorName else {
      return ("", "build on such a machine")
    }
    guard !isPossible else {
      return (
        ": no static qemu-\(name) is installed",
        "install qemu-user-static (Debian) or QEMU with static user targets, or build on such a machine"
      )
    }
    return (
      ": no emulator is registered, and Linux \(kernel) cannot register one for a build alone (6.7 can)",
      "install qemu-user-static and binfmt-support (Debian), or build on such a machine"
    )
  }
}
