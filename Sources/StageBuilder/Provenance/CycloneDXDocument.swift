/// A document in CycloneDX 1.5.
struct CycloneDXDocument: Encodable {
  private struct Metadata: Encodable {
    let timestamp: String
    let tools: Tools
    let component: Component
    let properties: [Property]?
  }

  private struct Tools: Encodable { let components: [Component] }

  private struct Hash: Encodable { let alg, content: String }

  private struct Property: Encodable { let name, value: String }

  private struct License: Encodable { let expression: String }

  private struct Link: Encodable {
    let type, url: String
    var comment: String?
    var hashes: [Hash]?
  }

  private struct Component: Encodable {
    let type: String
    let reference: String?
    let name: String
    var version: String?
    var description: String?
    var hashes: [Hash]?
    var licenses: [License]?
    var purl: String?
    var externalReferences: [Link]?
    var properties: [Property]?

    private enum CodingKeys: String, CodingKey {
      case type, name, version, description, hashes, licenses, purl, externalReferences, properties
      case reference = "bom-ref"
    }

    init(_ type: String, _ name: String, reference: String? = nil) {
      (self.type, self.name, self.reference) = (type, name, reference)
    }
  }

  private struct Dependency: Encodable {
    let ref: String
    let dependsOn: [String]
  }

  private let bomFormat = "CycloneDX"
  private let specVersion = "1.5"
  private let version = 1
  private let metadata: Metadata
  private let components: [Component]
  private let dependencies: [Dependency]

  init(_ bill: BillOfMaterials) {
    var tool = Component("application", bill.tool.name)
    tool.version = bill.tool.version
    var root = Component("operating-system", bill.subject.name, reference: "root")
    root.hashes = [Hash(alg: "SHA-256", content: bill.subject.sha256)]
    let notes = bill.inventory.notes.map { Property(name: "mirrorctl:note", value: $0) }
    metadata = Metadata(
      timestamp: bill.created, tools: Tools(components: [tool]), component: root,
      properties: notes.isEmpty ? nil : notes)
    var identifiers = DocumentIdentifiers()
    var ids: [String: String] = [:]
    for package in bill.inventory.packages {
      ids[package.identity] = identifiers.identifier("package-", package.identity)
    }
    components = bill.inventory.packages.map { Self.component($0, ids[$0.identity] ?? "") }
    dependencies =
      [Dependency(ref: "root", dependsOn: ids.values.sorted())]
      + bill.inventory.packages.compactMap { package in
        ids[package.identity].map {
          Dependency(ref: $0, dependsOn: package.needs.compactMap { ids[$0] }.sorted())
        }
      }
  }

  private static func component(_ package: InstalledPackage, _ id: String) -> Component {
    var result = Component("library", package.name, reference: id)
    result.version = package.version
    result.description = package.summary
    if let license = package.license.flatMap({ LicenseExpression(gentoo: $0) }) {
      result.licenses = [License(expression: license.text)]
    }
    result.purl = package.url
    var links: [Link] = []
    if let page = BillOfMaterials.url(package.homepage) { links.append(Link(type: "website", url: page)) }
    for source in package.sources {
      guard let url = BillOfMaterials.url(source.url) else { continue }
      let hashes = [("SHA-512", source.sha512), ("BLAKE2b-512", source.blake2b)].compactMap {
        algorithm, digest in
        digest.map { Hash(alg: algorithm, content: $0) }
      }
      links.append(
        Link(type: "distribution", url: url, comment: source.name, hashes: hashes.isEmpty ? nil : hashes))
    }
    result.externalReferences = links.isEmpty ? nil : links
    let remarks = package.remarks.map { Property(name: "mirrorctl:\($0.name)", value: $0.value) }
    result.properties = remarks.isEmpty ? nil : remarks
    return result
  }
}
