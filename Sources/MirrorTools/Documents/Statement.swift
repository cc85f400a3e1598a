import FoundationEssentials
package import LinuxSystem

/// An in-toto Statement (version 1) with SLSA provenance (version 1): which tarball was built, how, and from what.
///
/// It names paths in the mirror, but none of the host.
package struct Statement: Codable, Hashable, Sendable {
  /// No larger document is read.
  package static let limit = 1 << 20
  /// The values of `_type` and `predicateType`.
  package static let (typeURI, predicateURI) = (
    "https://in-toto.io/Statement/v1", "https://slsa.dev/provenance/v1"
  )
  /// The value of `buildType`; mirrorctl-build(8) describes its parameters.
  package static let buildType = "urn:mirrorctl:build:v1"
  /// The builder, unless the configuration names it.
  package static let builder = "urn:mirrorctl:builder"

  /// A file, or a tree of files.
  package struct Resource: Codable, Hashable, Sendable {
    package var name: String?
    package var uri: String?
    /// Lowercase hexadecimal, by algorithm: `sha256`, or `gitCommit`.
    package var digest: [String: String]
    package var annotations: [String: String]?

    package init(
      name: String?, uri: String? = nil, digest: [String: String], annotations: [String: String]? = nil
    ) {
      (self.name, self.uri, self.digest, self.annotations) = (name, uri, digest, annotations)
    }

    package var sha256: String? { digest["sha256"] }
    /// What a dependency is for: `seed`, `snapshot` or `specs`.
    package var role: String? { annotations?["role"] }
    /// Its path in the mirror.
    package var path: String? { annotations?["path"] }
    /// Whether it had a statement when it was used.
    package var hasProvenance: Bool { annotations?["provenance"] == "yes" }
  }

  package struct Definition: Codable, Hashable, Sendable {
    package var buildType: String
    package var externalParameters: [String: String]
    package var internalParameters: [String: String]?
    package var resolvedDependencies: [Resource]?

    package init(
      externalParameters: [String: String], internalParameters: [String: String], dependencies: [Resource]
    ) {
      buildType = Statement.buildType
      self.externalParameters = externalParameters
      self.internalParameters = internalParameters
      resolvedDependencies = dependencies
    }
  }

  package struct Builder: Codable, Hashable, Sendable {
    package var id: String
    package var version: [String: String]?

    package init(id: String, version: [String: String]) { (self.id, self.version) = (id, version) }
  }

  package struct Metadata: Codable, Hashable, Sendable {
    package var invocationId: String?
    /// As in RFC 3339, in UTC.
    package var startedOn, finishedOn: String?

    package init(invocationId: String, startedOn: String, finishedOn: String) {
      (self.invocationId, self.startedOn, self.finishedOn) = (invocationId, startedOn, finishedOn)
    }
  }

  package struct Details: Codable, Hashable, Sendable {
    package var builder: Builder
    package var metadata: Metadata?
    package var byproducts: [Resource]?

    package init(builder: Builder, metadata: Metadata, byproducts: [Resource]) {
      (self.builder, self.metadata, self.byproducts) = (builder, metadata, byproducts)
    }
  }

  package struct Predicate: Codable, Hashable, Sendable {
    package var buildDefinition: Definition
    package var runDetails: Details
  }

  package var type: String
  package var subject: [Resource]
  package var predicateType: String
  package var predicate: Predicate

  private enum CodingKeys: String, CodingKey { case type = "_type", subject, predicateType, predicate }

  package init(subject: [Resource], _ definition: Definition, _ details: Details) {
    type = Self.typeURI
    predicateType = Self.predicateURI
    self.subject = subject
    predicate = Predicate(buildDefinition: definition, runDetails: details)
  }

  /// Parses a document; nil for one that is not such a Statement.
  package init?(_ text: [UInt8]) {
    guard text.count <= Self.limit, let statement = OutsideJSON.decode(Statement.self, from: text),
      statement.type == Self.typeURI, statement.predicateType == Self.predicateURI,
      !statement.subject.isEmpty
    else { return nil }
    self = statement
  }

  /// Where a file that it is about is now.
  package struct Move {
    /// The name there was.
    let old: FileName
    let new: MirrorPath
    /// In lowercase hexadecimal.
    let sha256: String

    package init(_ old: FileName, to new: MirrorPath, sha256: String) {
      (self.old, self.new, self.sha256) = (old, new, sha256)
    }
  }

  /// Gives the files that it is about other names, places and digests, and names other documents beside them.
  ///
  /// - Parameter bills: their names, and their SHA-256 in lowercase hexadecimal.
  package mutating func move(_ files: [Move], bills: [(name: FileName, sha256: String)]) {
    for index in subject.indices {
      guard let move = files.first(where: { $0.old.description == subject[index].name }) else { continue }
      subject[index].name = move.new.name.description
      subject[index].digest = ["sha256": move.sha256]
      subject[index].annotations?["path"] = move.new.description
    }
    let others = (predicate.runDetails.byproducts ?? []).filter { $0.role != Self.billRole }
    predicate.runDetails.byproducts =
      bills.map {
        Resource(
          name: $0.name.description, digest: ["sha256": $0.sha256], annotations: ["role": Self.billRole])
      } + others
  }

  /// The role of bills of materials.
  package static let billRole = "sbom"

  /// The subject with this digest.
  package func subject(sha256: String) -> Resource? { subject.first { $0.sha256 == sha256 } }

  /// The stages that it was made from.
  package var seeds: [Resource] {
    (predicate.buildDefinition.resolvedDependencies ?? []).filter { $0.role == "seed" }
  }
}
