import ArgumentParser
import MirrorTools
import SystemPackage

struct IndexCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "index",
    abstract: "Write index.xml, which tells downloaders the newest of everything.",
    discussion: """
      The file is replaced whole, and only when it would say something else. Without --output it lies in the \
      mirror's root.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @Option(name: .long, help: ArgumentHelp("What to write: xml or json.", valueName: "format"))
  var format: IndexFormat = .xml

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write there instead; - for standard output.", valueName: "file"),
    completion: .file())
  var output: String?

  func run(_ context: CommandContext) throws -> ExitStatus {
    guard let output else {
      let session = try MirrorSession(global, context, verb: "index", lock: lock)
      let result = try session.index(format)
      if global.json {
        try context.print(json: IndexOutput(mirror: "\(session.root)", changed: result.summary != nil))
      } else if let summary = result.summary, !global.quiet {
        context.print(summary)
      }
      return result.status
    }
    let session = try MirrorSession(global, context)
    let (document, mirror) = try session.document()
    let bytes = try format.bytes(document)
    if output == "-" {
      context.output.write(bytes)
    } else {
      try IndexPublisher.write(bytes, to: FilePath(output))
    }
    return session.report(document.problems, mirror: mirror)
  }
}

private struct IndexOutput: Encodable {
  let version = 1
  let mirror: String
  let changed: Bool
}

/// How an index is written.
enum IndexFormat: String, ExpressibleByArgument, CaseIterable {
  case xml, json

  var fileName: FileName { FileName("index.\(rawValue)") }

  func bytes(_ document: IndexDocument) throws(MirrorError) -> [UInt8] {
    switch self {
    case .xml: try XMLIndexWriter.bytes(document)
    case .json: try JSONIndexWriter.bytes(document)
    }
  }
}

extension MirrorSession {
  /// Writes an index into the mirror's root.
  func index(_ format: IndexFormat = .xml) throws -> StepResult {
    let (document, mirror) = try document()
    let changed = try IndexPublisher.publish(
      try format.bytes(document), as: format.fileName, in: root, try configuration.layout())
    let count = counted(document.subarches.count, "subarch", "subarches")
    return StepResult(
      status: report(document.problems, mirror: mirror),
      summary: changed ? "\(format.fileName) written, \(count)" : nil)
  }

  /// Takes what is about to go out of the indexes that are there: versions, and tarballs marked for compression.
  func unlist(_ versions: [MirrorPath], in mirror: Mirror) throws(MirrorError) {
    for format in IndexFormat.allCases where try IndexPublisher.exists(format.fileName, in: root) {
      let document = try document(of: mirror, excluding: Set(versions))
      _ = try IndexPublisher.publish(
        try format.bytes(document), as: format.fileName, in: root, try configuration.layout())
    }
  }

  fileprivate func document() throws(MirrorError) -> (IndexDocument, Mirror) {
    let mirror = try scan()
    return (try document(of: mirror), mirror)
  }

  private func document(
    of mirror: Mirror, excluding: Set<MirrorPath> = []
  ) throws(MirrorError) -> IndexDocument {
    let lookup = try DigestLookup(mirror, catalog: try catalog())
    let ignored = mirror.subarches.filter { configuration.rotation.ignoredBuilds.contains($0.release) }
    return IndexDocument(
      mirror, ignoring: Set(ignored.map(\.path)), today: context.today, excluding: excluding,
      digests: { lookup($0) },
      buildInfo: { version throws(MirrorError) in try BuildInfo.read(version, in: mirror) })
  }
}
