import MirrorTools

/// A package that a dependency names (Package Manager Specification, 8.3).
struct PackageAtom: Hashable {
  /// `sys-libs/zlib`.
  let name: String
  /// nil for any.
  let slot: String?

  /// The packages in a dependency, each alternative among them; blockers are left out.
  static func all(in text: String, with flags: Set<String>) -> [PackageAtom] {
    guard let reduced = DependencyText.reduced(text, with: flags, hasAtoms: true) else { return [] }
    return reduced.split(separator: " ").compactMap { PackageAtom(String($0)) }
  }

  /// nil for brackets, operators of groups and blockers.
  init?(_ word: String) {
    guard word.contains("/"), !word.hasPrefix("!") else { return nil }
    let hasVersion = word.first.map { "<>=~".contains($0) } ?? false
    var rest = Substring(word).drop { "<>=~".contains($0) }
    if let use = rest.firstIndex(of: "[") { rest = rest[..<use] }
    if let repository = rest.indices.first(where: { rest[$0...].hasPrefix("::") }) {
      rest = rest[..<repository]
    }
    var slot: Substring?
    if let colon = rest.firstIndex(of: ":") {
      slot = rest[rest.index(after: colon)...].prefix { $0 != "/" && $0 != "=" && $0 != "*" }
      rest = rest[..<colon]
    }
    if rest.hasSuffix("*") { rest = rest.dropLast() }
    name = hasVersion ? PackageName.package(of: String(rest)) : String(rest)
    self.slot = slot.flatMap { $0.isEmpty ? nil : String($0) }
  }
}
