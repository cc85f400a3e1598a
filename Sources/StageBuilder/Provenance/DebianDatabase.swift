import LinuxSystem
import MirrorModel
import SystemPackage

/// Reads dpkg's database of installed packages, `/var/lib/dpkg/status` (deb-control(5)).
enum DebianDatabase {
  static let place: MirrorPath = "var/lib/dpkg/status"
  /// Maximum size of the file in bytes.
  private static let largest = 64 << 20

  static func read(
    _ root: borrowing AnchoredDirectory, into inventory: inout PackageInventory
  ) throws(MirrorError) {
    let text: [UInt8]?
    do throws(MirrorError) { text = try root.contents(of: place, limit: largest) } catch {
      guard [.system(.noSuchFileOrDirectory), .system(.notDirectory)].contains(error.code) else {
        throw error
      }
      return
    }
    guard let text else { return }
    inventory.notes.append("dpkg records neither licenses nor source files.")
    try add(text, to: &inventory)
  }

  /// Adds the packages of a status file that are installed.
  static func add(_ text: [UInt8], to inventory: inout PackageInventory) throws(MirrorError) {
    var stanzas: [[String: String]] = []
    var fields: [String: [UInt8]] = [:]
    var key = ""
    func end() throws(MirrorError) {
      defer { fields = [:] }
      guard !fields.isEmpty else { return }
      guard stanzas.count < PackageInventory.mostPackages else {
        throw MirrorError(
          .invalid, "\(place)", "has more than \(PackageInventory.mostPackages) packages",
          remedy: "set build/sbom to no")
      }
      let texts = fields.compactMapValues(PackageInventory.text)
      if texts["Status"]?.hasSuffix(" installed") ?? false { stanzas.append(texts) }
    }
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      if line.isEmpty {
        try end()
      } else if line.first == UInt8(ascii: " ") {
        // Of a description, only the first line is of interest.
        if wanted.contains(key), key != "Description" { fields[key, default: []] += line }
      } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
        key = String(decoding: line[..<colon], as: UTF8.self)
        if wanted.contains(key) { fields[key] = Array(line[(colon + 1)...]) }
      }
    }
    try end()
    try resolve(stanzas, into: &inventory)
  }

  private static let wanted: Set<String> = [
    "Package", "Status", "Version", "Architecture", "Description", "Homepage", "Depends", "Pre-Depends",
    "Provides",
  ]

  private static func resolve(
    _ stanzas: [[String: String]], into inventory: inout PackageInventory
  ) throws(MirrorError) {
    let packages = stanzas.compactMap { fields -> (InstalledPackage, [String: String])? in
      guard let name = fields["Package"], let version = fields["Version"] else { return nil }
      var package = InstalledPackage(manager: .dpkg, name: name, version: version)
      package.architecture = fields["Architecture"]
      package.summary = fields["Description"]
      package.homepage = fields["Homepage"]
      return (package, fields)
    }
    var byName: [String: [String]] = [:]
    for (package, fields) in packages {
      for name in [package.name] + names(in: fields["Provides"]) {
        byName[name, default: []].append(package.identity)
      }
    }
    for (package, fields) in packages {
      var package = package
      let needs = names(in: fields["Depends"]) + names(in: fields["Pre-Depends"])
      package.needs = Set(needs.flatMap { byName[$0] ?? [] }).subtracting([package.identity])
      try inventory.add(package)
    }
  }

  /// The packages in a dependency: `libc6 (>= 2.36), a | b:any`.
  private static func names(in text: String?) -> [String] {
    (text ?? "").split { $0 == "," || $0 == "|" }.compactMap { part in
      let name = part.drop { $0 == " " }.prefix { !" (:[<".contains($0) }
      return name.isEmpty ? nil : String(name)
    }
  }
}
