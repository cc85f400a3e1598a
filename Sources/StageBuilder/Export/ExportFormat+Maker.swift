import LinuxSystem
package import MirrorTools
package import SystemPackage

/// Makes images of one format.
protocol ImageMaker {
  /// The programs of the host that it runs.
  var tools: [HostTool] { get }

  /// Those that it runs for this stage.
  func tools(for source: FilePath) -> [HostTool]

  /// Makes the image, and the files beside it.
  ///
  /// - Throws: ``MirrorError``; then no file has its name.
  func make(_ job: ExportJob) throws -> ExportedImage

  /// Removes what a record or an interrupted export lists elsewhere, then the record.
  ///
  /// - Throws: ``MirrorError``; then the rest is still listed.
  func abandon(_ job: ExportJob) throws -> [RemovedResource]
}

extension ImageMaker {
  func tools(for source: FilePath) -> [HostTool] { tools }

  func abandon(_ job: ExportJob) throws -> [RemovedResource] {
    throw MirrorError(
      .refused, "\(job.image)", "images of this format leave nothing elsewhere", remedy: "delete the file")
  }
}

extension ExportFormat {
  /// Whether the files of this stage are unpacked to make such an image, for which an ordinary user needs a user namespace.
  package func unpacks(_ source: FilePath) -> Bool {
    needsTree && !(self == .ec2 && CloudDisk.isDisk(source))
  }

  /// The maker of images of this format.
  ///
  /// - Parameter signing: how digests are signed; nil without a key.
  /// - Throws: for settings that are wrong.
  func maker(_ settings: SettingsSection, signing: SigningSettings?) throws -> any ImageMaker {
    switch self {
    case .oci: try OCIExport(settings)
    case .wsl: try WSLExport(settings)
    case .nspawn: try NspawnExport(settings, signing)
    case .incus: try IncusExport(settings)
    case .squashfs: try SquashfsExport(settings)
    case .erofs: try ErofsExport(settings)
    case .ec2: try EC2Export(settings)
    case .iso: try ISOExport(settings)
    case .raw, .qcow2, .vhd, .vmdk: try DiskExport(self, settings)
    }
  }
}
