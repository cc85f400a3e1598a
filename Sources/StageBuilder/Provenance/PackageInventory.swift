import LinuxSystem
import MirrorModel
import SystemPackage

/// The packages in a root, as its package managers record them.
struct PackageInventory: Sendable {
  /// In the order of their names.
  var packages: [InstalledPackage] = []
  /// What is not in it, and why.
  var notes: [String] = []

  /// No database with more packages is read.
  static let mostPackages = 50_000

  /// Reads the databases of a root, which may contain anything.
  ///
  /// - Parameter tree: where the package tree may be, relative to the root.
  /// - Throws: when a database cannot be read, or has more than ``mostPackages`` packages.
  static func read(_ root: borrowing AnchoredDirectory, tree: [MirrorPath]) throws(MirrorError) -> Self {
    var inventory = PackageInventory()
    try PortageDatabase.read(root, tree: tree, into: &inventory)
    try DebianDatabase.read(root, into: &inventory)
    if inventory.packages.isEmpty { inventory.notes.append("The root has no database of packages.") }
    inventory.packages.sort { $0.identity < $1.identity }
    return inventory
  }

  /// Adds a package.
  mutating func add(_ package: InstalledPackage) throws(MirrorError) {
    guard packages.count < Self.mostPackages else {
      throw MirrorError(
        .invalid, "the database of packages", "has more than \(Self.mostPackages) packages",
        remedy: "set build/sbom to no")
    }
    packages.append(package)
  }

  /// Text from outside without control characters; nil if it is blank.
  static func text(_ bytes: some Sequence<UInt8>) -> String? {
    let words = Array(bytes).split { $0 <= 0x20 || $0 == 0x7f }
    let text = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    return text.isEmpty ? nil : String(String.UnicodeScalarView(text.unicodeScalars.filter(\.isPrintable)))
  }
}

extension AnchoredDirectory {
  /// A directory below this one that is not reached through links; nil if there is none.
  borrowing func existingDirectory(_ path: MirrorPath) throws(MirrorError) -> AnchoredDirectory? {
    do throws(MirrorError) { return try directory(path) } catch {
      switch error.code {
      case .system(.noSuchFileOrDirectory), .system(.notDirectory), .system(.tooManySymbolicLinkLevels):
        return nil
      default: throw error
      }
    }
  }

  /// A small regular file below this directory; nil if there is none, or it is larger.
  borrowing func smallContents(_ path: MirrorPath, limit: Int) -> [UInt8]? {
    (try? contents(of: path, limit: limit)) ?? nil
  }
}
