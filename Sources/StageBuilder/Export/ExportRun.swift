import LinuxSystem
import MirrorModel
package import MirrorTools

/// Makes an image of a stage.
package struct ExportRun {
  private let section: ExportSection
  private let maker: any ImageMaker
  /// nil if the image need not boot.
  private let test: ImageTest?

  /// - Parameters:
  ///   - signing: how digests beside images are signed; nil without a key.
  ///   - trial: how an image is tested, if the section asks for it.
  /// - Throws: for a setting that is wrong.
  package init(
    _ section: ExportSection, signing: SigningSettings? = nil, trial: TrialSettings = TrialSettings()
  ) throws {
    self.section = section
    test = section.isTested ? ImageTest(settings: trial) : nil
    maker = try section.format.maker(section.settings, signing: signing)
  }

  /// Throws, and names them, if programs are missing that it needs for stages.
  func checkTools() throws { try check(maker.tools) }

  private func check(_ tools: [HostTool]) throws(MirrorError) {
    try HostTool.check(tools, for: "images of format \(section.format.rawValue)")
  }

  /// Throws if the programs that boot images for an architecture are missing, although the image is to be tested.
  func checkTest(for architecture: Architecture) throws(MirrorError) {
    _ = try test?.trial(for: section.architecture ?? architecture)
  }

  /// Makes the image.
  ///
  /// - Throws: ``MirrorError``, or ``ImageTest/Failure``; then no file has its name.
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
    let image = try test?.make(job, by: maker) ?? maker.make(job)
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
