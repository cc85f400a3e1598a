import FoundationEssentials
package import LinuxSystem
package import MirrorTools

/// What the master tells a node about a job: what to build, and from what.
package struct FarmOrder: Codable, Sendable {
  /// Increases when a node of an older version would misunderstand it.
  private static let format = 1

  private var format = Self.format
  /// Whether the target exists on the master, so that there is nothing to do.
  package let isDone: Bool
  /// The arguments of mirrorctl that build the target.
  package let build: [String]
  /// The subarch whose build it is; nil for a snapshot by itself.
  package let subarch: MirrorPath?
  /// What the node must upload.
  package let product: TargetFiles
  /// The tree of binary packages whose packages the node must upload, too; nil for none.
  package let packages: MirrorPath?
  /// The digest of the spec tree with which the campaign was planned; nil if that is not known.
  package let specs: String?
  /// Seed, snapshot, and the files beside them.
  package let files: [FarmFetchRun.File]
  /// The state of the subarches concerned.
  package let control: [ControlText]

  init(
    isDone: Bool, build: [String], subarch: MirrorPath?, product: TargetFiles, packages: MirrorPath? = nil,
    specs: String?, files: [FarmFetchRun.File] = [], control: [ControlText] = []
  ) {
    self.isDone = isDone
    self.subarch = subarch
    self.build = build
    self.product = product
    self.packages = packages
    self.specs = specs
    self.files = files
    self.control = control
  }

  /// As JSON.
  package func encoded() throws(MirrorError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return Array(try encoder.encode(self)) + [0x0a] } catch {
      throw MirrorError(.library, "order", "cannot be written as JSON: \(error)")
    }
  }

  /// Reads what ``encoded()`` wrote; nil if it is something else, or for other versions.
  package init?(_ text: [UInt8]) {
    guard let order = OutsideJSON.decode(FarmOrder.self, from: text), order.format == Self.format else {
      return nil
    }
    self = order
  }
}
