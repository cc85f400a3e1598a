import Hashing
import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// How one target is built: gathered when its build begins, and stated when it ends.
///
/// It contains no path of the host and no credentials; paths are those in the mirror.
struct BuildProvenance {
  private let settings: BuildSettings
  private let documents: DocumentSettings
  /// Seconds since the epoch.
  private let started: Int64
  private let dependencies: [Statement.Resource]
  /// That of the inputs, if the target has one.
  var key: String?
  /// Whether it was built twice, with the same result.
  var isReproduced = false
  /// How steps were confined; nil without steps.
  var confinement: Confinement?

  /// Hashes what the target is made from.
  ///
  /// - Parameters:
  ///   - seed: the stage that it starts from.
  ///   - snapshot: the snapshot of the package tree; nil for none.
  init(
    _ settings: BuildSettings, _ documents: DocumentSettings, _ context: BuildContext, seed: FilePath,
    snapshot: FilePath?
  ) throws {
    self.settings = settings
    self.documents = documents
    started = context.now()
    var dependencies = [try Self.resource(seed, "seed", context)]
    if let snapshot {
      var resource = try Self.resource(snapshot, "snapshot", context)
      resource.annotations?["revision"] = try settings.text("target/revision")
      dependencies.append(resource)
    }
    for (key, role) in [("path/install", "specs"), ("path/specs", "specs/base")] {
      guard let tree = try settings.path(key) else { continue }
      if let resource = try SpecTreeDigest(tree)?.resource(role) { dependencies.append(resource) }
    }
    self.dependencies = dependencies
  }

  /// A file that the target is made from.
  static func resource(
    _ file: FilePath, _ role: String, _ context: BuildContext
  ) throws(MirrorError) -> Statement.Resource {
    var annotations = ["role": role]
    var rest = file.normalized
    if rest.removePrefix(context.root.normalized), !rest.isEmpty {
      annotations["path"] = escaped(Array(rest.string.utf8))
    }
    let statement = FilePath("\(file)\(SidecarKind.provenance.rawValue)")
    if statement.exists { annotations["provenance"] = "yes" }
    return Statement.Resource(
      name: file.lastComponent.map { escaped(Array($0.string.utf8)) },
      digest: ["sha256": try context.sha256(of: file)], annotations: annotations)
  }

  /// The statement about what was built.
  ///
  /// - Parameters:
  ///   - files: the tarball, or the files of an image, by path in the mirror and SHA-256.
  ///   - bills: the documents beside it, with their SHA-256.
  ///   - finished: in seconds since the epoch.
  func statement(
    about files: [(path: MirrorPath, sha256: String)], bills: [(name: String, sha256: String)],
    finished: Int64, log: borrowing BuildLog
  ) throws -> [UInt8] {
    var parameters: [String: String] = [:]
    for (name, key) in [
      ("build", "target/build"), ("arch", "target/arch_desc"), ("subarch", "target/subarch"),
      ("version", "target/version"), ("mode", "multi/mode"), ("extras", "multi/extras"),
    ] {
      parameters[name] = try settings.text(key)
    }
    parameters["target"] = settings.target
    var details = ["engine": ToolVersion.text]
    details["network"] = try confinement.map { _ in try StepRunner.network(settings).rawValue }
    details["confinement"] = confinement?.name
    details["key"] = key
    if isReproduced { details["reproduced"] = "yes" }
    let invocation = ["build", "arch", "subarch", "version", "target"].compactMap { parameters[$0] }
    let start = BillOfMaterials.time(started)
    let subjects = files.map { file in
      Statement.Resource(
        name: file.path.name.description, digest: ["sha256": file.sha256],
        annotations: ["path": file.path.description])
    }
    let statement = Statement(
      subject: subjects,
      Statement.Definition(
        externalParameters: parameters, internalParameters: details, dependencies: dependencies),
      Statement.Details(
        builder: Statement.Builder(id: documents.builder, version: ["mirrorctl": ToolVersion.text]),
        metadata: Statement.Metadata(
          invocationId: "\(invocation.joined(separator: "/"))@\(start)", startedOn: start,
          finishedOn: BillOfMaterials.time(finished)),
        byproducts: try byproducts(bills, log)))
    return try StableJSON.bytes(statement)
  }

  /// The documents, and the log up to this point: its first bytes, since a build appends to it.
  private func byproducts(
    _ bills: [(name: String, sha256: String)], _ log: borrowing BuildLog
  ) throws(MirrorError) -> [Statement.Resource] {
    var digest = try OpenSSLDigest(.sha256)
    var (bytes, fault): (Int64, MirrorError?) = (0, nil)
    log.read { piece in
      guard fault == nil else { return }
      bytes += Int64(piece.count)
      do throws(MirrorError) { try digest.update(piece) } catch { fault = error }
    }
    if let fault { throw fault }
    let name = "log/\(settings.target ?? "").txt"
    return bills.map {
      Statement.Resource(
        name: $0.name, digest: ["sha256": $0.sha256], annotations: ["role": Statement.billRole])
    } + [
      Statement.Resource(
        name: name, digest: ["sha256": hex(try digest.finish())],
        annotations: ["role": "log", "bytes": "\(bytes)"])
    ]
  }
}

extension Confinement {
  /// In a statement.
  fileprivate var name: String {
    switch self {
    case .idmapped: "idmapped"
    case .shifted: "shifted"
    case .userNamespace: "user namespace"
    }
  }
}
