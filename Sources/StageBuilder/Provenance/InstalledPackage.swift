import MirrorTools

/// A package in the database of a root. All texts come from outside.
struct InstalledPackage: Hashable, Sendable {
  /// The package manager.
  enum Manager: String, Sendable { case portage, dpkg }

  /// A file that the package was built from.
  struct Source: Hashable, Sendable {
    let name: String
    /// nil if it is not a URL that others can fetch.
    let url: String?
    /// Lowercase hexadecimal; nil if they are not known.
    var sha512: String?
    var blake2b: String?
  }

  let manager: Manager
  /// `sys-apps/busybox`, or `busybox`.
  let name: String
  let version: String
  /// Empty for dpkg's.
  var slot = ""
  /// dpkg's, e.g. `amd64`.
  var architecture: String?
  var repository: String?
  var keywords: String?
  var summary: String?
  var homepage: String?
  /// As the package manager writes it; nil if the database has none.
  var license: String?
  var sources: [Source] = []
  /// Other packages of the database, by ``identity``: needed to run, and to build.
  var needs: Set<String> = []
  var buildNeeds: Set<String> = []

  /// Unique in a database.
  var identity: String { [name, version, slot, architecture].compactMap(\.self).joined(separator: " ") }

  /// Its package URL: `pkg:ebuild/sys-apps/busybox@1.36.1` or `pkg:deb/debian/busybox@1.36.1?arch=amd64`.
  var url: String {
    let version = PackageURL.encoded(version)
    switch manager {
    case .portage:
      let path = name.split(separator: "/").map { PackageURL.encoded(String($0)) }.joined(separator: "/")
      return "pkg:ebuild/\(path)@\(version)"
    case .dpkg:
      let arch = architecture.map { "?arch=\(PackageURL.encoded($0))" } ?? ""
      return "pkg:deb/debian/\(PackageURL.encoded(name.lowercased()))@\(version)\(arch)"
    }
  }

  /// What other tools do not have a field for.
  var remarks: [(name: String, value: String)] {
    [("slot", slot.isEmpty ? nil : slot), ("repository", repository), ("keywords", keywords)]
      .compactMap { name, value in value.map { (name, $0) } }
  }
}

/// Percent-encoding as in the specification of package URLs.
enum PackageURL {
  static func encoded(_ text: String) -> String {
    URLPath.encoded(text.utf8).replacing("/", with: "%2F").replacing("%3A", with: ":")
  }
}
