import MirrorTools

/// Makes images of one format.
protocol ImageMaker {
  /// The programs of the host that it runs.
  var tools: [HostTool] { get }

  /// Makes the image, and the files beside it.
  ///
  /// - Throws: ``MirrorError``; then no file has its name.
  func make(_ job: ExportJob) throws -> ExportedImage
}

extension ExportFormat {
  /// The maker of images of this format.
  ///
  /// - Throws: for settings that are wrong.
  func maker(_ settings: SettingsSection) throws -> any ImageMaker {
    switch self {
    case .oci: try OCIExport(settings)
    case .raw, .qcow2, .vhd, .vmdk: try DiskExport(self, settings)
    }
  }
}
