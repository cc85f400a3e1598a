import LinuxSystem
import MirrorModel
import MirrorTools

/// Reads Portage's database of installed packages, `/var/db/pkg/CATEGORY/PF/KEY`.
enum PortageDatabase {
  static let place: MirrorPath = "var/db/pkg"
  /// Maximum size of a value in bytes.
  private static let largest = 1 << 20

  /// An installed package, and its dependencies before they are resolved.
  private struct Entry {
    var package: InstalledPackage
    let needs: [PackageAtom]
    let buildNeeds: [PackageAtom]
  }

  static func read(
    _ root: borrowing AnchoredDirectory, tree: [MirrorPath], into inventory: inout PackageInventory
  ) throws(MirrorError) {
    guard let database = try root.existingDirectory(place) else { return }
    var entries: [Entry] = []
    let trees = PackageTreeFiles(root, candidates: tree)
    for category in try database.names() {
      guard let folder = try database.existingDirectory(MirrorPath(bytes: category.bytes)) else { continue }
      for name in try folder.names() {
        // What Portage is merging begins with a hyphen.
        guard !name.hasPrefix("-"),
          let directory = try folder.existingDirectory(MirrorPath(bytes: name.bytes))
        else { continue }
        guard let entry = entry(directory, category.description, name.description, trees) else { continue }
        guard entries.count < PackageInventory.mostPackages else {
          throw MirrorError(
            .invalid, root.displayed(place), "has more than \(PackageInventory.mostPackages) packages",
            remedy: "set build/sbom to no")
        }
        entries.append(entry)
      }
    }
    guard !entries.isEmpty else { return }
    if trees.isEmpty {
      inventory.notes.append(
        "The package tree was not in the root, so digests of source files are not known.")
    }
    try resolve(entries, into: &inventory)
  }

  private static func entry(
    _ directory: borrowing AnchoredDirectory, _ category: String, _ pf: String, _ trees: PackageTreeFiles
  ) -> Entry? {
    var values: [String: String] = [:]
    for key in [
      "SLOT", "LICENSE", "KEYWORDS", "DESCRIPTION", "HOMEPAGE", "SRC_URI", "USE", "RDEPEND", "DEPEND",
      "BDEPEND", "PDEPEND", "IDEPEND", "repository",
    ] {
      values[key] = directory.smallContents(MirrorPath(key), limit: largest).flatMap(PackageInventory.text)
    }
    let full = "\(category)/\(pf)"
    let name = PackageName.package(of: full)
    guard name != full, let shown = PackageInventory.text(name.utf8),
      let version = PackageInventory.text(full.dropFirst(name.count + 1).utf8)
    else { return nil }
    let flags = Set((values["USE"] ?? "").split(separator: " ").map(String.init))
    var package = InstalledPackage(manager: .portage, name: shown, version: version)
    package.slot = String((values["SLOT"] ?? "0").prefix { $0 != "/" })
    package.repository = values["repository"]
    package.keywords = values["KEYWORDS"]
    package.summary = values["DESCRIPTION"]
    package.homepage = values["HOMEPAGE"]?.split(separator: " ").first.map(String.init)
    package.license = values["LICENSE"].flatMap { DependencyText.reduced($0, with: flags, hasAtoms: false) }
    package.sources = trees.sources(
      of: name, "\(category)/\(pf)", said: values["SRC_URI"], flags, repository: values["repository"])
    func atoms(_ keys: [String]) -> [PackageAtom] {
      keys.flatMap { PackageAtom.all(in: values[$0] ?? "", with: flags) }
    }
    return Entry(
      package: package, needs: atoms(["RDEPEND", "PDEPEND", "IDEPEND"]),
      buildNeeds: atoms(["DEPEND", "BDEPEND"]))
  }

  /// Finds the installed packages that dependencies name.
  private static func resolve(
    _ entries: [Entry], into inventory: inout PackageInventory
  ) throws(MirrorError) {
    let byName = Dictionary(grouping: entries.map(\.package), by: \.name)
    func found(_ atoms: [PackageAtom], for package: InstalledPackage) -> Set<String> {
      var result: Set<String> = []
      for atom in atoms {
        for other in byName[atom.name] ?? [] where atom.slot == nil || atom.slot == other.slot {
          result.insert(other.identity)
        }
      }
      result.remove(package.identity)
      return result
    }
    for entry in entries {
      var package = entry.package
      package.needs = found(entry.needs, for: package)
      package.buildNeeds = found(entry.buildNeeds, for: package)
      try inventory.add(package)
    }
  }
}

extension AnchoredDirectory {
  /// The names of directories in this one that are not hidden, sorted.
  fileprivate borrowing func names() throws(MirrorError) -> [FileName] {
    try entries().filter { $0.kind == .directory && !$0.name.isHidden }.map(\.name).sorted()
  }
}
