package import LinuxSystem
import MirrorModel
package import StageTrees
package import SystemPackage
import Hashing
import MirrorTools

/// Writes a stage as an OCI image: a tar archive of an image layout with one layer.
///
/// The same tree and options give the same bytes. The layer has the files of the stage, in the order of its archive.
package struct OCIExport: Sendable {
  /// What the image says about itself.
  package struct Options: Sendable {
    /// GOARCH; nil to find it from the programs of the stage.
    package var architecture: String?
    /// The compression of the layer: gz or zst.
    package var compression: CompressionSettings
    /// The time of the image, in seconds since 1970.
    package var epoch: Int64
    /// The program that a container starts.
    package var command: [String]
    package var labels: [String: String]
    /// The name of the image, such as `latest`.
    package var tag: String
    package var threads: Int

    package init(
      architecture: String? = nil, compression: CompressionSettings, epoch: Int64,
      command: [String] = ["/bin/sh"],
      labels: [String: String] = [:], tag: String = "latest", threads: Int = Workers.processors
    ) throws(MirrorError) {
      guard compression.compression == .gz || compression.compression == .zst else {
        throw MirrorError(
          .invalid, compression.compression.rawValue, "is not a compression of layers of OCI images",
          remedy: "use gz or zst")
      }
      self.architecture = architecture
      self.compression = compression
      self.epoch = epoch
      self.command = command
      self.labels = labels
      self.tag = tag
      self.threads = threads
    }
  }

  private let options: Options
  private let cancellation: Cancellation
  private let progress: @Sendable (Int) -> Void

  /// - Parameter progress: receives the number of bytes just read of the source, on another thread.
  package init(
    _ options: Options, cancellation: Cancellation, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.options = options
    self.cancellation = cancellation
    self.progress = progress
  }

  /// Writes the image of a tarball or of a directory.
  ///
  /// - Throws: ``MirrorError`` if the source cannot be read or its architecture has no name; then no file is written.
  package func run(_ source: FilePath, to image: FilePath) throws(MirrorError) -> ExportReport {
    let status = try attempt("examine", "\(source)") { () throws(Errno) in try source.status() }
    let isDirectory = status.kind == .directory
    let architecture: String
    if let given = options.architecture {
      architecture = given
    } else {
      architecture = try self.architecture(of: source, isDirectory: isDirectory)
    }
    let name = try image.fileName()
    let directory = try image.openParent()
    var archive = try ArchiveFile.begin(name, in: directory, epoch: options.epoch, algorithms: [.sha256])
    // Its size precedes it in the archive, so it is finished first. Never committed, it is removed at the end.
    let layer = try DurableFile(name, in: directory)
    let report = try write(source, isDirectory: isDirectory, into: try layer.duplicate())
    let manifest = try self.manifest(of: report, architecture: architecture)
    try archive.add(try OCIDocument.bytes(OCIDocument.Layout()), as: "oci-layout")
    try archive.add(manifest.index, as: "index.json")
    for folder in ["blobs/", "blobs/sha256/"] { try archive.add(directory: folder) }
    for blob in manifest.blobs { try archive.add(blob.bytes, as: "blobs/sha256/\(hex(blob.digest))") }
    try archive.add(
      try layer.reopened(), named: "\(image)", size: report.size,
      as: "blobs/sha256/\(hex(try report.digest()))", cancellation: cancellation)
    let result = try archive.commit(.ofThisProcess(mode: 0o644))
    return ExportReport(
      source: "\(source)", image: "\(image)", format: .oci, architecture: architecture, size: result.size,
      digests: result.digests, notes: report.notes)
  }

  private func write(
    _ source: FilePath, isDirectory: Bool, into layer: consuming Descriptor
  ) throws(MirrorError) -> CaptureReport {
    guard isDirectory else {
      return try Recompression(
        options.compression, threads: options.threads, cancellation: cancellation, progress: progress
      ).run(source, into: layer)
    }
    var capture = TreeCapture.Options(
      compression: options.compression.compression, level: options.compression.level,
      threads: options.threads,
      epoch: options.epoch)
    capture.digestsArchive = true
    return try TreeCapture(capture, cancellation: cancellation, progress: progress).capture(
      source, into: layer)
  }

  private func architecture(of source: FilePath, isDirectory: Bool) throws(MirrorError) -> String {
    let header =
      isDirectory
      ? try ForeignArchitecture.shell(of: source) : try SeedTarball.program(in: source.string)
    let name = header.flatMap { Architecture($0.machine) }?.containerName
    guard let name else {
      throw MirrorError(
        .invalid, "\(source)",
        header.map { "is for \(Architecture.title(of: $0.machine)), which has no name in OCI images" }
          ?? "does not contain a shell, so its architecture is unknown",
        remedy: "name its architecture")
    }
    return name
  }

  private typealias Blob = (bytes: [UInt8], digest: [UInt8])

  private func manifest(
    of layer: CaptureReport, architecture: String
  ) throws(MirrorError) -> (index: [UInt8], blobs: [Blob]) {
    let created = UTCText.internet(options.epoch)
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin"
    let image = OCIDocument.Image(
      created: created, architecture: architecture,
      config: .init(command: options.command, environment: [path], labels: options.labels),
      rootfs: .init(diffIDs: ["sha256:\(hex(try layer.archiveDigest()))"]),
      history: [.init(created: created, creator: "mirrorctl export")])
    let config = try Self.blob(image)
    let manifest = try Self.blob(
      OCIDocument.Manifest(
        config: Self.descriptor(OCIDocument.Image.type, config),
        layers: [
          OCIDocument.Descriptor(
            mediaType: "application/vnd.oci.image.layer.v1.tar+"
              + (options.compression.compression == .zst ? "zstd" : "gzip"),
            digest: "sha256:\(hex(try layer.digest()))", size: layer.size)
        ], annotations: ["org.opencontainers.image.created": created]))
    var entry = Self.descriptor(OCIDocument.Manifest.type, manifest)
    entry.platform = OCIDocument.Platform(architecture: architecture)
    entry.annotations = ["org.opencontainers.image.ref.name": options.tag]
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
