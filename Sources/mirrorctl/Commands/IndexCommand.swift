import MirrorModel
import Hashing
import LinuxSystem
import ArgumentParser
import MirrorTools
import SystemPackage

struct IndexCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "index",
    abstract: "Write index.xml, which lists the newest stages and snapshots, and other index formats.",
    discussion: """
      Files are replaced atomically, and only if their content changes. Without --format, the formats in \
      index/formats of the configuration are written (default: xml), and existing formats are updated. \
      Without --output they are written into the mirror. Tarballs are read only for new metalinks.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @OptionGroup var job: JobOptions
  @OptionGroup var reading: ReadingOptions

  @OptionGroup var formats: IndexOptions

  @OptionGroup var destination: OutputOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let renderer = global.renderer(context)
    guard destination.output == nil else { return try write(context, renderer) }
    let run = try global.write(context, as: "index", lock, hashing: try reading.hashing(job, context))
    let report = try renderer.showing(run.environment.progress) {
      try IndexRun(run, formats.chosen).apply()
    }
    return try renderer.print(report, of: run)
  }

  /// Writes one format to the given file.
  private func write(_ context: CommandContext, _ renderer: Renderer) throws -> ExitStatus {
    let run = try global.read(context)
    let chosen = formats.chosen ?? run.configuration.index.formats
    guard chosen.count == 1, let format = chosen.first, let content = try IndexRun(run).content(of: format)
    else {
      throw ValidationError("--output needs one format that is a single file: --format xml or --format json.")
    }
    try destination.write(content.bytes, context)
    return renderer.end(content.messages, of: run)
  }
}
