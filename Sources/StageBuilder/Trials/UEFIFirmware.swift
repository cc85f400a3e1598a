import LinuxSystem
import MirrorModel
import SystemPackage

/// The files of UEFI firmware for a virtual machine: the code, and the variables of a new machine.
struct UEFIFirmware: Hashable {
  let code: FilePath
  let variables: FilePath

  /// The installed firmware for an architecture.
  ///
  /// - Throws: with the packages that have it, if there is none.
  static func installed(for target: QemuTarget) throws(MirrorError) -> UEFIFirmware {
    let found = target.firmware.lazy.map { UEFIFirmware(code: FilePath($0), variables: FilePath($1)) }
      .first { $0.code.exists && $0.variables.exists }
    if let found { return found }
    throw MirrorError(
      .refused, "UEFI firmware for \(target.architecture.title)", "is not installed, but the test needs it",
      remedy:
        "install \(target.firmwarePackages.debian) (Debian) or \(target.firmwarePackages.gentoo) (Gentoo)")
  }
}
