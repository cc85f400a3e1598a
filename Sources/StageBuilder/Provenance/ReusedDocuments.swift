import Hashing
import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// The documents of a target that is taken from an earlier version: the same, with the names and places of this version.
///
/// The provenance still says when and how it was built.
struct ReusedDocuments {
  /// A file of the target: where it was, and where it is now.
  struct File {
    let old: MirrorPath
    let new: MirrorPath
    let sha256: String
  }

  let context: BuildContext
  /// What this version would be made from; equal to what the earlier one was made from.
  let seed: FilePath
  /// nil for an image.
  let snapshot: FilePath?

  /// - Parameters:
  ///   - files: the tarball or image first.
  ///   - source: the directory of the earlier version.
  func documents(
    of files: [File], from source: borrowing AnchoredDirectory
  ) throws -> [StageDocuments.Document] {
    guard let main = files.first else { return [] }
    var documents: [StageDocuments.Document] = []
    for kind in SidecarKind.documents where kind != .provenance {
      guard let bytes = try contents(kind, of: main, source) else { continue }
      documents.append(
        (
          kind,
          DocumentCopy.readdressed(
            bytes, from: (main.old.name.description, main.sha256),
            to: (main.new.name.description, main.sha256))
        ))
    }
    guard let bytes = try contents(.provenance, of: main, source), let statement = Statement(bytes) else {
      return documents
    }
    let moved = try moved(statement, files, documents)
    return documents + [(.provenance, try StableJSON.bytes(moved))]
  }

  private func contents(
    _ kind: SidecarKind, of file: File, _ source: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [UInt8]? {
    let name = file.old.name.appending(kind.rawValue)
    return try source.contents(of: MirrorPath(bytes: name.bytes), limit: DocumentDigests.limit)
  }

  private func moved(
    _ statement: Statement, _ files: [File], _ bills: [StageDocuments.Document]
  ) throws -> Statement {
    var statement = statement
    if let main = files.first {
      statement.move(
        files.map { Statement.Move($0.old.name, to: $0.new, sha256: $0.sha256) },
        bills: try bills.map { bill in
          (main.new.name.appending(bill.kind.rawValue), hex(try OpenSSLDigest.sha256(of: bill.bytes)))
        })
    }
    let sources = ["seed": seed, "snapshot": snapshot].compactMapValues { $0 }
    statement.predicate.buildDefinition.resolvedDependencies = try statement.predicate.buildDefinition
      .resolvedDependencies?.map { resource in
        guard let role = resource.role, let file = sources[role] else { return resource }
        var own = try BuildProvenance.resource(file, role, context)
        own.annotations?["revision"] = resource.annotations?["revision"]
        return own
      }
    return statement
  }
}
