import StageTrees
import MirrorModel
import LinuxSystem
import MirrorTools
import SystemPackage

/// A tarball or squashfs image that a target makes: its path in the mirror, and how it is written.
struct TarballOutput {
  /// The finished tarball or image, relative to the mirror's root.
  private(set) var path: MirrorPath
  private(set) var anchor: Shared<AnchoredDirectory>
  private let name: TarballName
  /// nil for a tarball.
  private let image: SquashfsTools.Format?
  /// Compression level; nil for the format's highest.
  private let level: Int?
  /// Whether `mirrorctl compress` compresses it later.
  private let isDeferred: Bool

  /// - Parameter key: the element that names it.
  init(_ key: String, _ settings: BuildSettings, _ anchor: Shared<AnchoredDirectory>) throws {
    let text = try settings.required(key)
    guard let path = try settings.mirrorPath(key, in: anchor.value.root),
      let name = TarballName(path.name, .builtIn), name.format.isReleased,
      name.format.isTarball || name.format == .squashfs
    else {
      throw MirrorError(
        .invalid, key, "`\(text)` is neither a compressed tarball nor a squashfs image",
        remedy:
          "use a name that ends in .tar.xz, .tar.zst, .tar.gz, .tar.bz2 (target/compression) or .squashfs")
    }
    self.path = path
    self.anchor = anchor
    self.name = name
    var image = try name.format == .squashfs ? SquashfsTools.Format(settings) : nil
    let compression = name.compression ?? image?.compression ?? .xz
    level = try settings.text("capture/level").map { text in
      do throws(MirrorError) {
        guard let level = Int(text) else { throw MirrorError(.invalid, "", "`\(text)` is not a number") }
        return try CompressionSettings(compression, level: level).level
      } catch {
        let remedy: Remedy = error.remedy ?? "use a level of \(compression.rawValue)"
        throw MirrorError(.invalid, "capture/level", error.problem, remedy: remedy)
      }
    }
    image?.level = level
    self.image = image
    switch try settings.text("capture/compress") ?? "now" {
    case "now": isDeferred = false
    // An image is compressed while it is made.
    case "later": isDeferred = image == nil
    case let other:
      throw MirrorError(
        .invalid, "capture/compress", "`\(other)` is neither now nor later", remedy: "use now or later")
    }
  }

  /// The same in another directory.
  func placed(in directory: Shared<AnchoredDirectory>) -> TarballOutput {
    var output = self
    (output.anchor, output.path) = (directory, MirrorPath(bytes: path.name.bytes))
    return output
  }

  /// Its name before it is compressed.
  var plainName: FileName { name.stem.appending(Self.plainSuffix) }

  /// Of a tarball that is not compressed.
  static let plainSuffix = ".tar"

  /// The finished tarball: compressed, or marked to be; nil if there is none, or a step is writing it.
  func existing() throws(MirrorError) -> MirrorPath? {
    let directory: AnchoredDirectory
    do throws(MirrorError) { directory = try anchor.value.directory(path.parent) } catch {
      if error.code == .system(.noSuchFileOrDirectory) { return nil }
      throw error
    }
    if try isUnfinished(in: directory) { return nil }
    if try directory.status(of: path.name)?.kind == .regular { return path }
    guard try directory.status(of: plainName)?.kind == .regular else { return nil }
    for mark in [".cme", ".cme.run"] where try directory.status(of: plainName.appending(mark)) != nil {
      return path.parent.appending(plainName)
    }
    return nil
  }

  /// Removes the existing tarball before a step of the spec makes it again.
  func remove() throws(MirrorError) {
    guard let there = try existing() else { return }
    let directory = try anchor.value.directory(there.parent)
    try Self.removeSidecars(of: there.name, in: directory)
    try directory.unlink(there.name)
    try directory.sync()
  }

  /// Removes the digests and signatures of an older tarball before it is replaced.
  static func removeSidecars(
    of tarball: FileName, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    for kind in SidecarKind.documents {
      for format in SignatureFormat.allCases {
        try directory.unlink(format.signature(of: tarball.appending(kind.rawValue)))
      }
    }
    // What was withdrawn stays withdrawn.
    for kind in SidecarKind.allCases.reversed() where kind != .withdrawal {
      try directory.unlink(tarball.appending(kind.rawValue))
    }
  }

  /// Whether it is an image.
  var isImage: Bool { image != nil }

  /// Throws if a program is missing that makes it.
  func checkTools() throws(MirrorError) { if image != nil { try SquashfsTools.check() } }

  /// Captures a tree; the result becomes visible only when it is complete and durable.
  ///
  /// - Parameters:
  ///   - epoch: seconds; no time in the tarball is later.
  ///   - prefix: prefix of the names in the tarball.
  ///   - shift: how the owners are stored in the tree.
  ///   - test: receives the path and the digests of the complete file, before it gets its name.
  ///   - documents: makes the documents beside it, from its path and its SHA-256 in lowercase hexadecimal.
  func capture(
    _ tree: borrowing AnchoredDirectory, epoch: Int64, prefix: String, omitting omitted: [String] = [],
    shiftedBy shift: IDShift? = nil, _ context: BuildContext, _ tools: SquashfsTools, log: borrowing BuildLog,
    test: (FilePath, DigestSet) throws -> Void = { _, _ in },
    documents: (MirrorPath, String) throws -> [StageDocuments.Document] = { _, _ in [] }
  ) throws -> Captured {
    let directory = try anchor.value.makePath(path.parent)
    let ownership = try directory.fileOwnership()
    var options = TreeCapture.Options(epoch: epoch)
    options.compression = isDeferred ? nil : name.compression
    options.level = level
    options.threads = context.jobs
    options.prefix = image == nil ? prefix : "./"
    options.omitted = omitted
    options.idShift = shift
    let final = isDeferred ? plainName : path.name
    var output = try DurableFile(final, in: directory)
    let contents = try DurableFile(final.appending(context.layout.contents.rawValue), in: directory)
    let capture = TreeCapture(options, cancellation: context.cancellation) { [progress = context.progress] in
      progress.add(bytes: $0)
    }
    let report: CaptureReport
    let digests: DigestSet
    if let image {
      (report, digests) = try tools.make(&output, image, epoch: epoch, threads: context.jobs, log: log) {
        file in
        try capture.capture(tree, into: file, contents: try contents.duplicate())
      }
    } else {
      report = try capture.capture(tree, into: try output.duplicate(), contents: try contents.duplicate())
      digests = report.digests
    }
    let finished = try output.reopened()
    try test(FilePath("/proc/self/fd/\(finished.raw)"), digests)
    withExtendedLifetime(finished) {}
    let beside = try digests[.sha256].map { try documents(path.parent.appending(final), hex($0)) } ?? []
    try Self.begin(path.name, in: directory)
    try Self.removeSidecars(of: final, in: directory)
    let status = try output.commit(ownership, syncingDirectory: false)
    try contents.commit(ownership, syncingDirectory: false)
    try StageDocuments.write(beside, beside: final, in: directory, ownership)
    if isDeferred {
      try DurableFile.write([], to: final.appending(".cme"), in: directory, ownership)
    } else {
      try FreshTarball.record(
        digests, of: path, status, in: directory, context.layout, catalog: context.catalog(),
        now: context.now())
    }
    try Self.complete(path.name, in: directory)
    return Captured(
      path: path.parent.appending(final), size: status.size,
      sha256: digests[.sha256].map(hex), isFinal: !isDeferred, notes: report.notes)
  }

  /// What was captured.
  struct Captured {
    let path: MirrorPath
    /// Bytes.
    let size: Int64
    let sha256: String?
    /// Whether it is not compressed later.
    let isFinal: Bool
    /// What could not be preserved.
    let notes: [String]
  }
}
