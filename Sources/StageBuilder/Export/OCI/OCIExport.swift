import LinuxSystem
import MirrorModel
import StageTrees
import Hashing
import MirrorTools

/// Writes a stage as an OCI image: a tar archive of an image layout with one layer.
///
/// The same tree and options give the same bytes. The layer has the files of the stage, in the order of its archive.
struct OCIExport: ImageMaker {
  /// The compression of the layer: gz or zst.
  private let compression: CompressionSettings
  /// The program that a container starts.
  private let command: [String]
  private let labels: [String: String]
  /// The name of the image, such as `latest`.
  private let tag: String

  let tools: [HostTool] = []

  private enum Format: String, CaseIterable { case gz, zst }

  init(_ settings: SettingsSection) throws {
    let format = try settings.choice("compression", Format.self) ?? .gz
    let level = try settings.number("level", from: 1, to: format == .gz ? 9 : 19)
    compression = try CompressionSettings(format == .gz ? .gz : .zst, level: level)
    command = try settings.words("command") ?? ["/bin/sh"]
    labels = try settings.texts("label/")
    tag = try settings.text("tag") ?? "latest"
  }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let architecture = try job.architecture()
    let name = try job.image.fileName()
    let directory = try job.image.openParent()
    var archive = try ArchiveFile.begin(name, in: directory, epoch: job.epoch, algorithms: [.sha256])
    // Its size precedes it in the archive, so it is finished first. Never committed, it is removed at the end.
    let layer = try DurableFile(name, in: directory)
    let report = try job.writeArchive(compression, into: try layer.duplicate())
    let manifest = try self.manifest(of: report, architecture: try containerName(architecture), job.epoch)
    try archive.add(try OCIDocument.bytes(OCIDocument.Layout()), as: "oci-layout")
    try archive.add(manifest.index, as: "index.json")
    for folder in ["blobs/", "blobs/sha256/"] { try archive.add(directory: folder) }
    for blob in manifest.blobs { try archive.add(blob.bytes, as: "blobs/sha256/\(hex(blob.digest))") }
    try archive.add(
      try layer.reopened(), named: "\(job.image)", size: report.size,
      as: "blobs/sha256/\(hex(try report.digest()))", cancellation: job.cancellation)
    let result = try archive.commit(job.ownership)
    let file = ExportedFile(path: job.image, size: result.size, digests: result.digests)
    return ExportedImage(architecture: architecture, files: [file], notes: report.notes)
  }

  private func containerName(_ architecture: Architecture) throws(MirrorError) -> String {
    if let name = architecture.containerName { return name }
    throw MirrorError(
      .invalid, architecture.title, "has no name in OCI images", remedy: "use another format")
  }

  private typealias Blob = (bytes: [UInt8], digest: [UInt8])

  private func manifest(
    of layer: CaptureReport, architecture: String, _ epoch: Int64
  ) throws(MirrorError) -> (index: [UInt8], blobs: [Blob]) {
    let created = UTCText.internet(epoch)
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin"
    let image = OCIDocument.Image(
      created: created, architecture: architecture,
      config: .init(command: command, environment: [path], labels: labels),
      rootfs: .init(diffIDs: ["sha256:\(hex(try layer.archiveDigest()))"]),
      history: [.init(created: created, creator: "mirrorctl export")])
    let config = try Self.blob(image)
    let manifest = try Self.blob(
      OCIDocument.Manifest(
        config: Self.descriptor(OCIDocument.Image.type, config),
        layers: [
          OCIDocument.Descriptor(
            mediaType: "application/vnd.oci.image.layer.v1.tar+"
              + (compression.compression == .zst ? "zstd" : "gzip"),
            digest: "sha256:\(hex(try layer.digest()))", size: layer.size)
        ], annotations: ["org.opencontainers.image.created": created]))
    var entry = Self.descriptor(OCIDocument.Manifest.type, manifest)
    entry.platform = OCIDocument.Platform(architecture: architecture)
    entry.annotations = ["org.opencontainers.image.ref.name": tag]
    return (try OCIDocument.bytes(OCIDocument.Index(manifests: [entry])), [config, manifest])
  }

  private static func blob(_ document: some Encodable) throws(MirrorError) -> Blob {
    let bytes = try OCIDocument.bytes(document)
    return (bytes, try OpenSSLDigest.sha256(of: bytes))
  }

  private static func descriptor(_ type: String, _ blob: Blob) -> OCIDocument.Descriptor {
    OCIDocument.Descriptor(
      mediaType: type, digest: "sha256:\(hex(blob.digest))", size: Int64(blob.bytes.count))
  }
}

extension CaptureReport {
  /// SHA-256 of the layer as written.
  fileprivate func digest() throws(MirrorError) -> [UInt8] { try Self.present(digests[.sha256]) }

  /// SHA-256 of the layer before compression.
  fileprivate func archiveDigest() throws(MirrorError) -> [UInt8] {
    try Self.present(archiveDigests[.sha256])
  }

  private static func present(_ digest: [UInt8]?) throws(MirrorError) -> [UInt8] {
    guard let digest else { throw MirrorError(.library, "OCI image", "the digest of its layer is missing") }
    return digest
  }
}
