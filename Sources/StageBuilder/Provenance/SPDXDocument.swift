/// A document in SPDX 2.3.
struct SPDXDocument: Encodable {
  private struct CreationInfo: Encodable {
    let created: String
    let creators: [String]
  }

  private struct Checksum: Encodable { let algorithm, checksumValue: String }

  private struct Reference: Encodable { let referenceCategory, referenceType, referenceLocator: String }

  private struct License: Encodable { let licenseId, name, extractedText: String }

  private struct Relationship: Encodable {
    let spdxElementId, relationshipType, relatedSpdxElement: String
  }

  private struct Package: Encodable {
    let SPDXID: String
    let name: String
    var versionInfo: String?
    var packageFileName: String?
    var downloadLocation = "NOASSERTION"
    let filesAnalyzed = false
    var licenseConcluded = "NOASSERTION"
    var licenseDeclared = "NOASSERTION"
    let copyrightText = "NOASSERTION"
    var summary: String?
    var homepage: String?
    var comment: String?
    var checksums: [Checksum]?
    var externalRefs: [Reference]?
    var primaryPackagePurpose: String?

    init(_ id: String, _ name: String) { (SPDXID, self.name) = (id, name) }
  }

  private static let root = "SPDXRef-Root"

  private let spdxVersion = "SPDX-2.3"
  private let dataLicense = "CC0-1.0"
  private let SPDXID = "SPDXRef-DOCUMENT"
  private let name: String
  private let documentNamespace: String
  private let creationInfo: CreationInfo
  private var comment: String?
  private var packages: [Package] = []
  private var hasExtractedLicensingInfos: [License] = []
  private var relationships: [Relationship] = []

  init(_ bill: BillOfMaterials) {
    name = bill.subject.name
    documentNamespace = "https://spdx.org/spdxdocs/mirrorctl-\(bill.subject.sha256)"
    creationInfo = CreationInfo(
      created: bill.created, creators: ["Tool: \(bill.tool.name)-\(bill.tool.version)"])
    comment = bill.inventory.notes.isEmpty ? nil : bill.inventory.notes.joined(separator: " ")
    var root = Package(Self.root, bill.subject.name)
    root.packageFileName = bill.subject.name
    root.checksums = [Checksum(algorithm: "SHA256", checksumValue: bill.subject.sha256)]
    root.primaryPackagePurpose = "OPERATING-SYSTEM"
    packages.append(root)
    relate(SPDXID, "DESCRIBES", Self.root)
    add(bill.inventory.packages)
  }

  private mutating func relate(_ element: String, _ type: String, _ other: String) {
    relationships.append(
      Relationship(spdxElementId: element, relationshipType: type, relatedSpdxElement: other))
  }

  private mutating func add(_ installed: [InstalledPackage]) {
    var identifiers = DocumentIdentifiers()
    var ids: [String: String] = [:]
    for package in installed {
      ids[package.identity] = identifiers.identifier("SPDXRef-Package-", package.identity)
    }
    var licenses: [String: String] = [:]
    var sources: [String: Package] = [:]
    for package in installed {
      guard let id = ids[package.identity] else { continue }
      packages.append(self.package(package, id, &licenses))
      relate(Self.root, "CONTAINS", id)
      for other in package.needs.sorted() { if let other = ids[other] { relate(id, "DEPENDS_ON", other) } }
      for other in package.buildNeeds.sorted() {
        if let other = ids[other] { relate(other, "BUILD_DEPENDENCY_OF", id) }
      }
      for source in package.sources {
        let other = identifiers.identifier("SPDXRef-Source-", source.name, source.sha512 ?? "")
        if sources[other] == nil { sources[other] = Self.package(source, other) }
        relate(id, "GENERATED_FROM", other)
      }
    }
    packages += sources.values.sorted { $0.SPDXID < $1.SPDXID }
    hasExtractedLicensingInfos = licenses.sorted { $0.key < $1.key }.map { id, name in
      License(
        licenseId: id, name: name,
        extractedText:
          "The license that Gentoo calls \(name). Its text is licenses/\(name) in the package tree.")
    }
  }

  private func package(
    _ package: InstalledPackage, _ id: String, _ licenses: inout [String: String]
  ) -> Package {
    var result = Package(id, package.name)
    result.versionInfo = package.version
    result.summary = package.summary
    result.homepage = BillOfMaterials.url(package.homepage)
    if let license = package.license.flatMap({ LicenseExpression(gentoo: $0) }) {
      result.licenseDeclared = license.text
      licenses.merge(license.references) { first, _ in first }
    }
    let remarks = package.remarks.map { "\($0.name): \($0.value)" }
    result.comment = remarks.isEmpty ? nil : remarks.joined(separator: "; ")
    result.externalRefs = [
      Reference(
        referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: package.url)
    ]
    return result
  }

  private static func package(_ source: InstalledPackage.Source, _ id: String) -> Package {
    var result = Package(id, source.name)
    result.packageFileName = source.name
    result.downloadLocation = BillOfMaterials.url(source.url) ?? "NOASSERTION"
    let checksums = [("SHA512", source.sha512), ("BLAKE2b-512", source.blake2b)].compactMap {
      algorithm, digest in
      digest.map { Checksum(algorithm: algorithm, checksumValue: $0) }
    }
    result.checksums = checksums.isEmpty ? nil : checksums
    result.primaryPackagePurpose = "SOURCE"
    return result
  }
}
