import LinuxSystem

/// The formats of binary packages, by their file names.
enum PackageFormat: CaseIterable, Sendable {
  /// GLEP 78.
  case gpkg
  /// A tarball with metadata at its end; with and without a build number in its name.
  case xpak, tbz2

  /// The extension, with its dot.
  var suffix: String {
    switch self {
    case .gpkg: ".gpkg.tar"
    case .xpak: ".xpak"
    case .tbz2: ".tbz2"
    }
  }

  /// The format of a file; nil for files that are not packages.
  init?(_ name: FileName) {
    if name.isHidden { return nil }
    if name.hasSuffix(".gpkg.tar") {
      self = .gpkg
    } else if name.hasSuffix(".xpak") {
      self = .xpak
    } else if name.hasSuffix(".tbz2") {
      self = .tbz2
    } else {
      return nil
    }
  }
}

/// The names of packages in Portage.
package enum PackageName {
  /// Category and name of `app-misc/hello-1.0-r1`: `app-misc/hello`. The version begins at the last hyphen before a
  /// digit, revisions aside.
  package static func package(of cpv: String) -> String {
    var parts = cpv.split(separator: "-", omittingEmptySubsequences: false)
    if let last = parts.last, last.first == "r", last.count > 1, last.dropFirst().allSatisfy(\.isNumber),
      parts.count > 2, parts[parts.count - 2].first?.isNumber ?? false
    {
      parts.removeLast()
    }
    guard parts.count > 1, parts.last?.first?.isNumber ?? false else { return cpv }
    return parts.dropLast().joined(separator: "-")
  }

  /// Whether a file has the place in a tree that Portage expects of a package with this category, name and version:
  /// `CATEGORY/NAME/PF-BUILD_ID.gpkg.tar`, or `CATEGORY/PF.gpkg.tar`.
  static func fits(_ path: MirrorPath, category: String, pf: String, _ format: PackageFormat) -> Bool {
    let folder = path.parent.description
    let stem = path.name.dropping(last: format.suffix.utf8.count).description
    if format != .xpak, stem == pf { return folder == category || folder == "All" }
    guard format != .tbz2, stem.hasPrefix("\(pf)-"), let number = Int(stem.dropFirst(pf.count + 1)),
      number > 0,
      "\(number)" == stem.dropFirst(pf.count + 1)
    else { return false }
    return folder == package(of: "\(category)/\(pf)")
  }
}
