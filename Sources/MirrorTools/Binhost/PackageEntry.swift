import Hashing
import LinuxSystem

/// One package in an index of binary packages.
struct PackageEntry: Hashable, Sendable {
  /// By Portage's own names: `_mtime_`, `repository`, `DESCRIPTION`.
  private(set) var fields: [String: String]

  /// Keys that a package contains, and their values when it does not.
  static let defaults: [String: String] = [
    "BDEPEND": "", "BUILD_ID": "", "BUILD_TIME": "", "DEFINED_PHASES": "", "DEPEND": "", "EAPI": "0",
    "IDEPEND": "", "IUSE": "", "KEYWORDS": "", "LICENSE": "", "PATH": "", "PDEPEND": "", "PROPERTIES": "",
    "PROVIDES": "", "RDEPEND": "", "REQUIRES": "", "RESTRICT": "", "SLOT": "0", "USE": "",
  ]

  /// Keys that are read from a package.
  static let metadata: Set<String> = [
    "BDEPEND", "BUILD_ID", "BUILD_TIME", "CHOST", "DEFINED_PHASES", "DEPEND", "EAPI", "IDEPEND", "IUSE",
    "KEYWORDS", "LICENSE", "PDEPEND", "PROPERTIES", "PROVIDES", "RDEPEND", "repository", "REQUIRES",
    "RESTRICT", "SLOT", "USE", "USER_PATCHES",
  ]

  /// Keys whose conditions on USE flags are resolved in an index.
  private static let conditional = [
    "BDEPEND", "DEPEND", "IDEPEND", "LICENSE", "RDEPEND", "PDEPEND", "PROPERTIES", "RESTRICT",
  ]

  /// Keys that a package may have in an index.
  static let allowed: Set<String> = metadata.union(defaults.keys).union([
    "BASE_URI", "CPV", "DESCRIPTION", "FETCHCOMMAND", "MD5", "PKGINDEX_URI", "RESUMECOMMAND", "SHA1", "SIZE",
    "_mtime_",
  ])

  init(fields: [String: String]) { self.fields = fields }

  /// The value of a key, or its default.
  subscript(key: String) -> String {
    get { fields[key] ?? Self.defaults[key] ?? "" }
    set { fields[key] = newValue }
  }

  /// Category, name and version: `app-misc/hello-1.0`.
  var cpv: String { self["CPV"] }
  /// Relative to the tree; Portage omits that of an old package.
  var path: MirrorPath { MirrorPath(self["PATH"].isEmpty ? "\(cpv).tbz2" : self["PATH"]) }
  /// Size in bytes; nil if the index does not have it.
  var size: Int64? { Int64(self["SIZE"]) }
  /// The modification time of the file, in seconds since the epoch.
  var seconds: Int64? { Int64(self["_mtime_"]) }

  /// When the package was built, and its number among builds of the same version.
  var build: (time: Int64, number: Int64) { (Int64(self["BUILD_TIME"]) ?? 0, Int64(self["BUILD_ID"]) ?? 0) }

  /// Category and name with the slot, without the sub-slot: the group of which retention keeps some builds.
  var slotted: String {
    "\(PackageName.package(of: cpv)):\(self["SLOT"].prefix { $0 != "/" })"
  }

  /// The entry of a package with this metadata; nil if a dependency is malformed.
  init?(metadata: [String: String]) {
    fields = ["EAPI": "0"]
    for key in Self.metadata {
      let words = (metadata[key] ?? "").split(whereSeparator: \.isWhitespace)
      if !words.isEmpty { fields[key] = words.joined(separator: " ") }
    }
    let flags = Set((fields["USE"] ?? "").split(separator: " ").map(String.init))
    for key in Self.conditional {
      guard let text = fields[key] else { continue }
      guard let reduced = DependencyText.reduced(text, with: flags, hasAtoms: key.hasSuffix("DEPEND")) else {
        return nil
      }
      fields[key] = reduced.isEmpty ? nil : reduced
    }
    if fields["BUILD_ID"].map({ Int64($0) == nil }) ?? false { return nil }
  }

  /// Whether its digests are those of a file, as far as it has any.
  func agrees(with sums: PackageSums) -> Bool {
    (self["MD5"].isEmpty || self["MD5"].lowercased() == hex(sums.md5))
      && (self["SHA1"].isEmpty || self["SHA1"].lowercased() == hex(sums.sha1))
  }

  /// The first key whose value in an index differs from the one in the package; nil if none does.
  func difference(from package: PackageEntry) -> String? {
    if cpv != package.cpv { return "CPV" }
    return Self.metadata.sorted().first { key in
      // An index states these once in its header.
      self[key] != package[key] && !(["CHOST", "repository"].contains(key) && package[key].isEmpty)
    }
  }
}
