import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// A machine of QEMU, without a network, whose serial console is its standard output.
struct VirtualMachine {
  let target: QemuTarget
  /// nil for a BIOS.
  let firmware: UEFIFirmware?
  /// Bytes.
  let memory: Int64
  let processors: Int
  /// Whether the CPU of this machine runs its programs, by KVM.
  let isAccelerated: Bool

  /// The usual size of its memory.
  static let usualMemory: Int64 = 2 << 30
  static let usualProcessors = 2

  /// Whether KVM can run programs of an architecture here.
  static func canAccelerate(_ architecture: Architecture) -> Bool {
    guard ForeignArchitecture.hostMachine == architecture.machine else { return false }
    return (try? FilePath("/dev/kvm").check([.read, .write])) != nil
  }

  /// The command that boots an image, which is never written.
  func command(_ image: BootImage, _ disk: TrialSettings.Disk?) -> [String] {
    var words = [
      target.program.name, "-nodefaults", "-no-user-config", "-machine", target.machine,
      "-accel", isAccelerated ? "kvm" : "tcg", "-cpu", isAccelerated ? "host" : "max",
      "-m", "\(max(memory >> 20, 1))M", "-smp", "\(processors)", "-nic", "none", "-no-reboot",
      "-display", "none", "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
      "-device", "virtio-rng-pci",
    ]
    if target.hasBIOS { words += ["-vga", "std"] }
    if let firmware {
      words += ["-drive", flash(firmware.code) + ",unit=0,readonly=on"]
      words += ["-drive", flash(firmware.variables) + ",unit=1,snapshot=on"]
    }
    let isDisc = image.format == .iso
    let format = isDisc ? "raw" : image.format.rawValue
    words += ["-drive", "if=none,id=image,format=\(format),file=\(Self.option(image.path)),snapshot=on"]
    return words
      + Self.devices(disk ?? (isDisc ? .scsi : .virtio), isDisc: isDisc).flatMap { ["-device", $0] }
  }

  private static func devices(_ disk: TrialSettings.Disk, isDisc: Bool) -> [String] {
    let kind = isDisc ? "cd" : "hd"
    return switch disk {
    case .virtio: ["virtio-blk-pci,drive=image,bootindex=0"]
    case .scsi: ["virtio-scsi-pci", "scsi-\(kind),drive=image,bootindex=0"]
    case .sata: ["ich9-ahci,id=sata", "ide-\(kind),bus=sata.0,drive=image,bootindex=0"]
    case .usb: ["qemu-xhci", "usb-storage,drive=image,bootindex=0"]
    }
  }

  private func flash(_ file: FilePath) -> String {
    let format = file.extension == "qcow2" ? "qcow2" : "raw"
    return "if=pflash,format=\(format),file=\(Self.option(file))"
  }

  /// A path as a value of an option: commas are doubled.
  private static func option(_ path: FilePath) -> String { path.string.replacing(",", with: ",,") }
}
