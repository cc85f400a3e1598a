package import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// The boot that an image must pass before it gets its name: `test` in `[section export/NAME]`.
package struct ImageTest {
  /// An image that did not boot.
  package struct Failure: Error {
    package let error: MirrorError
    /// The last lines of its console.
    package let output: [String]
  }

  let settings: TrialSettings

  /// A machine for images of an architecture.
  ///
  /// - Throws: if there is none, or programs or firmware are missing.
  func trial(for architecture: Architecture) throws(MirrorError) -> MachineTrial {
    var settings = settings
    settings.architecture = architecture
    return try MachineTrial(settings)
  }

  /// Makes an image, boots it, and puts it in place.
  ///
  /// - Throws: ``Failure``, or ``MirrorError``.
  func make(_ job: ExportJob, by maker: any ImageMaker) throws -> ExportedImage {
    var job = job
    let architecture = try job.architecture()
    job.givenArchitecture = architecture
    let trial = try trial(for: architecture)
    let name = try job.image.fileName()
    let work = try ExportWork.make(job)
    let made = try maker.make(job.making(name, in: work.path))
    job.progress.begin("booting \(name)", bytes: 0, files: 1)
    let path = work.path(name)
    let image = try BootImage(path, ArtifactKinds.builtIn.format(of: name)?.content)
    let failed = try trial.run(image, in: work.path, job.cancellation).first { !$0.hasPassed }
    if let failed {
      throw Failure(
        error: MirrorError(
          .invalid, "\(job.image)", "failed its test: \(failed.line)", remedy: "see the end of its console"),
        output: failed.output)
    }
    let place = job.image.removingLastComponent()
    let files = try made.files.map { file in
      let name = try file.path.fileName()
      return try work.place(name, as: place.appending("\(name)"), digests: file.digests)
    }
    return ExportedImage(architecture: architecture, files: files, notes: made.notes)
  }
}
