import LinuxSystem
import MirrorModel
import Hashing

/// The partitions of a disk: an EFI system partition, then the root.
struct DiskPlan: Sendable {
  /// Everything begins at a multiple of it, in bytes.
  static let unit: Int64 = 1 << 20
  /// Smaller partitions cannot have FAT32.
  static let leastBootSize: Int64 = 36 << 20

  /// Offsets and sizes in bytes.
  let bootOffset: Int64 = Self.unit
  let bootSize: Int64
  var rootOffset: Int64 { bootOffset + bootSize }
  let rootSize: Int64
  /// The end has a copy of the table.
  var size: Int64 { rootOffset + rootSize + Self.unit }

  /// Files and directories that the root has space for.
  let nodes: Int64
  let identifiers: DiskIdentifiers

  /// - Throws: if the size is less than the stage needs.
  init(
    _ settings: DiskSettings, _ survey: TreeSurvey, _ boot: BootFiles, salt: String
  ) throws(MirrorError) {
    identifiers = DiskIdentifiers(survey.digest + Array(salt.utf8))
    bootSize = settings.bootSize ?? max(256 << 20, Self.rounded(boot.size * 3 + (32 << 20)))
    guard boot.size + (4 << 20) <= bootSize else {
      throw MirrorError(
        .invalid, "esp", "is less than the kernel and the initramfs need, \(boot.size) bytes",
        remedy: "use a larger size")
    }
    // Tables of inodes, the journal, and reserved blocks.
    let needed = survey.blocks * 4096
    let least = Self.rounded(needed + needed / 20 + survey.nodes * 320 + (96 << 20))
    let fixed = bootOffset + bootSize + Self.unit
    let size = settings.size ?? (fixed + Self.rounded(least + needed / 4 + (256 << 20)))
    guard size >= fixed + least else {
      throw MirrorError(
        .invalid, "size", "is less than the stage needs", remedy: "use at least \((fixed + least) >> 20)M")
    }
    rootSize = size - fixed
    nodes = max(rootSize / 16_384, survey.nodes + survey.nodes / 4 + 1024)
  }

  private static func rounded(_ bytes: Int64) -> Int64 { (bytes + unit - 1) / unit * unit }

  /// The input of sfdisk.
  func table(_ machine: BootMachine) throws(MirrorError) -> String {
    let efi = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
    return """
      label: gpt
      label-id: \(try identifiers.uuid("disk").uppercased())
      unit: sectors
      start=\(bootOffset / 512), size=\(bootSize / 512), type=\(efi), uuid=\(try identifiers.bootPartition().uppercased()), name="ESP"
      start=\(rootOffset / 512), size=\(rootSize / 512), type=\(machine.rootType), uuid=\(try identifiers.rootPartition().uppercased()), name="root"

      """
  }
}

/// Identifiers that are the same for the same stage and settings.
struct DiskIdentifiers: Sendable {
  private let seed: [UInt8]

  init(_ seed: [UInt8]) { self.seed = seed }

  func bootPartition() throws(MirrorError) -> String { try uuid("ESP") }
  func rootPartition() throws(MirrorError) -> String { try uuid("root") }

  /// A UUID for one use.
  func uuid(_ use: String) throws(MirrorError) -> String { try ImageUUID.of(seed + Array(use.utf8)) }

  /// A serial number of a FAT file system, in hexadecimal.
  func serial() throws(MirrorError) -> String {
    hex(try OpenSSLDigest.sha256(of: seed + Array("FAT".utf8)).prefix(4))
  }
}
