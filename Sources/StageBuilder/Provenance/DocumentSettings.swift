import LinuxSystem
import MirrorTools

/// The documents that a build writes beside its stages and images.
struct DocumentSettings: Equatable {
  /// `build/sbom`.
  var bills: [BillOfMaterials.Format]
  /// `build/provenance`.
  var hasProvenance: Bool
  /// `build/builder`: identifies who builds.
  var builder: String

  var isEmpty: Bool { bills.isEmpty && !hasProvenance }
}

extension BuildSettings {
  /// Those of `[section build]`.
  var documents: DocumentSettings {
    get throws {
      let words = try words("build/sbom")
      let bills: [BillOfMaterials.Format] =
        try words == ["no"]
        ? []
        : words.map { word throws in
          guard let format = BillOfMaterials.Format(rawValue: word) else {
            throw MirrorError(
              .invalid, "build/sbom", "`\(word)` is neither spdx, cyclonedx nor no",
              remedy: "use spdx, cyclonedx or both, or no")
          }
          return format
        }
      let hasProvenance: Bool
      switch try text("build/provenance") ?? "yes" {
      case "yes": hasProvenance = true
      case "no": hasProvenance = false
      case let other:
        throw MirrorError(
          .invalid, "build/provenance", "`\(other)` is neither yes nor no", remedy: "use yes or no")
      }
      let chosen = words.isEmpty ? [.spdx] : BillOfMaterials.Format.allCases.filter { bills.contains($0) }
      return DocumentSettings(
        bills: chosen,
        hasProvenance: hasProvenance, builder: try builder())
    }
  }

  private func builder() throws -> String {
    guard let text = try text("build/builder") else { return Statement.builder }
    let scheme = text.prefix { $0 != ":" }
    guard !scheme.isEmpty, scheme.count < text.count, scheme.allSatisfy({ $0.isASCII && $0.isLetter }),
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
    else {
      throw MirrorError(
        .invalid, "build/builder", "`\(text)` is not a URI", remedy: "use a URI such as https://HOST/PATH")
    }
    return text
  }
}
