import Hashing
import LinuxSystem
import MirrorModel
import SystemPackage

/// A package as it was read.
struct PackageReading: Sendable {
  let sums: PackageSums
  /// Its entry in an index; nil if the package is not valid.
  let entry: PackageEntry?
  /// Why the package is not valid.
  let fault: String?
  /// Its content, for a package in that format that could be read, if it was asked for.
  let gpkg: Gpkg?
}

/// Reads the packages of a tree whole.
struct PackageReader: Sendable {
  let anchor: Shared<AnchoredDirectory>
  let tree: BinhostTree
  let cancellation: Cancellation

  /// - Parameter keepsContent: whether signatures and metadata are returned, too.
  /// - Throws: if the file cannot be read, or changes meanwhile. An invalid package is not an error.
  func read(_ file: BinhostTree.File, keepsContent: Bool = false) throws(MirrorError) -> PackageReading {
    let shown = anchor.value.displayed(file.path)
    let opened = try anchor.value.file(file.path)
    func check() throws(MirrorError) {
      let status = try attempt("examine", shown) { () throws(Errno) in try opened.status() }
      guard status.identity == file.status.identity else {
        throw MirrorError(.changed, shown, "changed while it was read", remedy: "run again")
      }
    }
    try check()
    let size = file.status.size
    let sums = try PackageSums.of(opened, size: size, shown, cancellation)
    var (gpkg, fault, metadata): (Gpkg?, String?, [String: String]) = (nil, nil, [:])
    do throws(MirrorError) {
      if file.format == .gpkg {
        let second = try attempt("read", shown) { () throws(Errno) in try opened.duplicate() }
        let found = try GpkgReader.read(second, subject: shown, cancellation)
        gpkg = found
        fault = found.fault(against: Gpkg.body(of: found.manifest).lines)
        metadata = try PackageMetadata.read(archive: found.metadata.bytes, subject: shown, cancellation)
      } else {
        metadata = try PackageMetadata.read(xpak: opened, size: size, subject: shown)
      }
    } catch {
      guard [.invalid, .refused, .library].contains(error.code) else { throw error }
      fault = fault ?? error.problem
    }
    try check()
    var entry: PackageEntry?
    if fault == nil {
      entry = self.entry(metadata, file, sums)
      if entry == nil { fault = objection(metadata, file) }
    }
    return PackageReading(sums: sums, entry: entry, fault: fault, gpkg: keepsContent ? gpkg : nil)
  }

  private func entry(
    _ metadata: [String: String], _ file: BinhostTree.File, _ sums: PackageSums
  ) -> PackageEntry? {
    let (category, pf) = (Self.word("CATEGORY", metadata), Self.word("PF", metadata))
    let path = tree.relative(file.path)
    guard !Self.word("SLOT", metadata).isEmpty, !category.isEmpty, !pf.isEmpty,
      PackageName.fits(path, category: category, pf: pf, file.format), let text = path.text,
      var entry = PackageEntry(metadata: metadata)
    else { return nil }
    entry["CPV"] = "\(category)/\(pf)"
    entry["PATH"] = text
    entry["SIZE"] = "\(file.status.size)"
    entry["_mtime_"] = "\(file.seconds)"
    entry["MD5"] = hex(sums.md5)
    entry["SHA1"] = hex(sums.sha1)
    return entry
  }

  private func objection(_ metadata: [String: String], _ file: BinhostTree.File) -> String {
    let missing = ["CATEGORY", "PF", "SLOT"].filter { Self.word($0, metadata).isEmpty }
    if !missing.isEmpty { return "has no \(missing.joined(separator: " and no "))" }
    let (category, pf) = (Self.word("CATEGORY", metadata), Self.word("PF", metadata))
    guard PackageName.fits(tree.relative(file.path), category: category, pf: pf, file.format) else {
      return "contains \(escaped(Array("\(category)/\(pf)".utf8))), so it has the wrong name or directory"
    }
    return "has metadata that cannot be parsed"
  }

  private static func word(_ key: String, _ metadata: [String: String]) -> String {
    (metadata[key] ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
