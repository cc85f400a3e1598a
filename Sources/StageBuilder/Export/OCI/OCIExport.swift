import LinuxSystem
import MirrorModel
import StageTrees
import Hashing
import MirrorTools
import SystemPackage

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

  /// The file with credentials for registries; nil for that of skopeo.
  private let authentication: String?
  /// Whether a registry must have a valid certificate.
  private let checksCertificate: Bool

  let tools: [HostTool] = []

  private enum Format: String, CaseIterable { case gz, zst }

  init(_ settings: SettingsSection) throws {
    let format = try settings.choice("compression", Format.self) ?? .gz
    // The highest levels take four times as long for less than a hundredth.
    switch format {
    case .gz:
      compression = try CompressionSettings(.gz, level: try settings.number("level", from: 1, to: 9) ?? 6)
    case .zst:
      compression = try CompressionSettings(.zst, level: try settings.number("level", from: 1, to: 19) ?? 9)
    }
    command = try settings.words("command") ?? ["/bin/sh"]
    labels = try settings.texts("label/")
    tag = try settings.text("tag") ?? "latest"
    authentication = try settings.absolutePath("authfile")
    checksCertificate = try settings.flag("tls-verify") ?? true
  }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let architecture = try job.architecture()
    let work = try ExportWork.make(job)
    let directory = try work.opened()
    let name: FileName = "image.oci.tar"
    var archive = try ArchiveFile.begin(name, in: directory, epoch: job.epoch, algorithms: [.sha256])
    // Its size precedes it in the archive, so it is finished first.
    let layer = try DurableFile("layer", in: directory)
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
    var file: ExportedFile
    if let address = job.registry {
      try push(work.path(name), to: address, job, in: work.path)
      // The registry names the image by the digest of its manifest.
      var digests = DigestSet()
      digests[.sha256] = manifest.digest
      file = ExportedFile(path: job.image, size: result.size, digests: digests, address: address)
    } else {
      file = try work.place(name, as: job.image, digests: result.digests)
    }
    return ExportedImage(architecture: architecture, files: [file], notes: report.notes)
  }

  private func push(
    _ archive: FilePath, to address: String, _ job: ExportJob, in work: FilePath
  ) throws(MirrorError) {
    var command = ["skopeo", "copy", "--quiet", "--preserve-digests"]
    if let authentication { command += ["--authfile", authentication] }
    if !checksCertificate { command.append("--dest-tls-verify=false") }
    // Its temporary files are removed with ours.
    try job.run(
      command + ["oci-archive:\(archive):\(tag)", address], environment: ["TMPDIR": "\(work)"])
  }

  private func containerName(_ architecture: Architecture) throws(MirrorError) -> String {
    if let name = architecture.containerName { return name }
    throw MirrorError(
      .invalid, architecture.title, "has no name in OCI images", remedy: "use another format")
  }

  private typealias Blob = (bytes: [UInt8], digest: [UInt8])

  private func manifest(
    of layer: CaptureReport, architecture: String, _ epoch: Int64
  ) throws(MirrorError) -> (index: [UInt8], blobs: [Blob], digest: [UInt8]) {
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
    return (
      try OCIDocument.bytes(OCIDocument.Index(manifests: [entry])), [config, manifest], manifest.digest
    )
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
