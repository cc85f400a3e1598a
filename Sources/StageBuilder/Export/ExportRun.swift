import LinuxSystem
import MirrorModel
package import MirrorTools

/// Makes an image of a stage.
package struct ExportRun {
  private let section: ExportSection
  private let maker: any ImageMaker

  /// - Parameter signing: how digests beside images are signed; nil without a key.
  /// - Throws: for a setting that is wrong.
  package init(_ section: ExportSection, signing: SigningSettings? = nil) throws {
    self.section = section
    maker = try section.format.maker(section.settings, signing: signing)
  }

  /// Throws, and names them, if programs are missing that it needs for stages.
  func checkTools() throws { try check(maker.tools) }

  private func check(_ tools: [HostTool]) throws(MirrorError) {
    try HostTool.check(tools, for: "images of format \(section.format.rawValue)")
  }

  /// Makes the image.
  ///
  /// - Throws: ``MirrorError``; then no file has its name.
  package func run(_ job: ExportJob) throws -> ExportReport {
    var job = job
    job.givenArchitecture = section.architecture
    if let address = job.registry {
      guard section.format == .oci else {
        throw MirrorError(
          .invalid, address, "cannot hold an image of format \(section.format.rawValue)",
          remedy: "use format oci")
      }
      try HostTool.check([.skopeo], for: "images in container registries")
    }
    try check(maker.tools(for: job.source))
    defer { job.progress.end() }
    let image = try maker.make(job)
    return ExportReport(
      source: "\(job.source)", format: section.format,
      architecture: image.architecture.containerName ?? image.architecture.title,
      files: image.files, images: image.images, notes: image.notes)
  }

  /// Removes what the image or an interrupted export of it lists elsewhere.
  ///
  /// - Throws: ``MirrorError``; then the rest is still listed.
  package func abandon(_ job: ExportJob) throws -> AbandonReport {
    defer { job.progress.end() }
    return AbandonReport(image: "\(job.image)", removed: try maker.abandon(job))
  }
}
