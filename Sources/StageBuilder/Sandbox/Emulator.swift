import LinuxSystem
import MirrorModel
import SystemPackage

/// A user-mode emulator of QEMU, as a step registers it in its own user namespace; see binfmt_misc in the kernel's
/// documentation.
package struct Emulator: Codable, Hashable, Sendable {
  /// Of the registration: `qemu-aarch64`.
  let name: String
  /// Absolute path on the host.
  package let path: String
  /// The machine whose programs it runs.
  let machine: ProgramHeader.Machine

  /// The installed emulator of an architecture; nil if there is none, or if it needs a dynamic linker, which a root
  /// of another architecture does not contain.
  static func installed(for architecture: Architecture) -> Emulator? {
    guard let name = architecture.emulatorName.map({ "qemu-\($0)" }) else { return nil }
    return ["\(name)-static", name].lazy.compactMap(Executable.find)
      .first { ProgramHeader.isStatic(FilePath($0)) && $0.utf8.count <= longestPath && !$0.contains(":") }
      .map { Emulator(name: name, path: $0, machine: architecture.machine) }
  }

  /// The line that registers it.
  ///
  /// Flags: F opens the emulator now, on the host. P keeps `argv[0]`. C runs set-user-ID programs with their owner's
  /// rights, which reach no further than the user namespace.
  var registration: String {
    let header = ProgramHeader(machine).bytes
    return ":\(name):M:0:\(Self.escaped(header)):\(Self.escaped(mask)):\(path):FPC"
  }

  /// The bits of a header that count: not the ABI and its version, and both kinds of programs, `ET_EXEC` and
  /// `ET_DYN`.
  private var mask: [UInt8] {
    var mask = [UInt8](repeating: 0xff, count: ProgramHeader.size)
    mask[7] = 0
    mask[8] = 0
    mask[machine.isBigEndian ? 17 : 16] = 0xfe
    return mask
  }

  private static func escaped(_ bytes: [UInt8]) -> String {
    bytes.map { "\\x" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// In bytes, by the kernel's documentation.
  private static let longestPath = 127
}
