import MirrorModel
import Hashing
import LinuxSystem
import SystemPackage

/// Converts between tarballs and squashfs images with the programs of squashfs-tools-ng, in steps on the host.
struct SquashfsTools {
  /// How the blocks of an image are compressed.
  struct Format {
    let compression: Compression
    /// nil for the default.
    var level: Int?

    /// Reads `capture/compression`.
    init(_ settings: BuildSettings) throws {
      let key = "capture/compression"
      let name = try settings.text(key) ?? "xz"
      guard let compression = Compression(configured: name), compression != .bz2 else {
        throw MirrorError(
          .invalid, key, "`\(name)` is not a compression of squashfs images", remedy: "use xz, zstd or gzip")
      }
      self.compression = compression
    }

    /// Options of `tar2sqfs`.
    fileprivate var options: String {
      switch compression {
      case .zst: "-c zstd -X level=\(max(level ?? 15, 1))"
      case .gz: "-c gzip -X level=\(max(level ?? 9, 1))"
      // Its compressor has no levels.
      default: "-c xz"
      }
    }
  }

  private let steps: StepRunner
  /// Of the scripts of steps; only mirrorctl writes to it.
  private let directory: FilePath
  private static let tarball: FileName = "image.tar"
  private static let image: FileName = "image.squashfs"

  init(_ steps: StepRunner, scripts: FilePath) { (self.steps, directory) = (steps, scripts) }

  /// Throws if the programs are not installed.
  static func check() throws(MirrorError) {
    do throws(MirrorError) { _ = try HostProgram.run(["tar2sqfs", "--version"], errors: .lost) } catch {
      guard error.code == .system(.noSuchFileOrDirectory) else { throw error }
      throw MirrorError(
        error.code, "tar2sqfs", "not found, but squashfs images need it", remedy: "install squashfs-tools-ng")
    }
  }

  /// Makes an image of the files of a plain tarball, which `write` writes. Its bytes depend only on these files, the
  /// format and the epoch, in seconds.
  ///
  /// - Returns: what `write` returned, and the digests of the image.
  func make<Report>(
    _ output: inout DurableFile, _ format: Format, epoch: Int64, threads: Int, log: borrowing BuildLog,
    write: (consuming Descriptor) throws -> Report
  ) throws -> (Report, DigestSet) {
    let files = try AnchoredDirectory(root: directory)
    defer { for name in [Self.tarball, Self.image] { try? files.unlink(name) } }
    let report = try write(try files.createFile(Self.tarball))
    let (tarball, image) = (path(Self.tarball), path(Self.image))
    try steps.run(
      """
      #!/bin/sh
      SOURCE_DATE_EPOCH=\(epoch) exec tar2sqfs -q -s \(format.options) -j \(max(threads, 1)) \(image) < \(tarball)
      """, named: "tar2sqfs", log: log)
    let file = try files.file(MirrorPath(bytes: Self.image.bytes))
    _ = try output.append(file, "\(Self.image)")
    var digests = DigestSet()
    digests[.sha256] = try OpenSSLDigest.sha256(of: file, "\(Self.image)").digest
    return (report, digests)
  }

  /// Passes the path of a plain tarball with the files of an image, below `prefix/`, to `read`.
  func read<Result>(
    _ image: FilePath, prefix: FileName, log: borrowing BuildLog, _ read: (FilePath) throws -> Result
  ) throws -> Result {
    let files = try AnchoredDirectory(root: directory)
    defer { try? files.unlink(Self.tarball) }
    let (source, tarball) = (shellWord("\(image)"), path(Self.tarball))
    try steps.run(
      """
      #!/bin/sh
      exec sqfs2tar -s -r \(shellWord("\(prefix)")) \(source) > \(tarball)
      """, named: "sqfs2tar", log: log)
    return try read(directory.appending("\(Self.tarball)"))
  }

  private func path(_ name: FileName) -> String { shellWord("\(directory.appending("\(name)"))") }
}
