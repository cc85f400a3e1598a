import Hashing
import LinuxSystem
import MirrorModel
import MirrorTools
import StageTrees
import SystemPackage

/// Writes a stage as a tarball for systemd-nspawn, with `SHA256SUMS` and its signature beside it.
///
/// Source: systemd, `machinectl pull-tar` and `importctl pull-tar`.
struct NspawnExport: ImageMaker {
  private let level: Int?
  private let signing: SigningSettings?

  let tools: [HostTool] = []

  init(_ settings: SettingsSection, _ signing: SigningSettings?) throws {
    level = try settings.number("level", from: 1, to: 9)
    let sign = try settings.flag("sign")
    if sign == true, signing == nil {
      throw settings.invalid("sign", "needs a signing key", "set signing/key, or remove it")
    }
    self.signing = sign == false ? nil : signing
  }

  func make(_ job: ExportJob) throws -> ExportedImage {
    let architecture = try job.architecture()
    let name = try job.image.fileName()
    let compression = try Self.compression(of: name, "\(job.image)", level)
    let sums = try SignedSums(signing, cancellation: job.cancellation)
    let directory = try job.image.openParent()
    let work = try ExportWork.make(job)
    let image: FileName = "image.tar"
    let (digests, notes) = try write(image, compression, job, work)
    guard let sha256 = digests[.sha256] else {
      throw MirrorError(.library, "\(job.image)", "its digest is missing")
    }
    let target = job.image
    var placed: ExportedFile?
    let others = try sums.update(name, sha256: sha256, in: directory, job.ownership, job.cancellation) {
      () throws(MirrorError) in placed = try work.place(image, as: target, digests: digests)
    }
    var files = placed.map { [$0] } ?? []
    for other in others {
      let path = target.removingLastComponent().appending("\(other.name)")
      files.append(try ExportedFile(path: path, content: other.bytes))
    }
    let note = "SHA256SUMS is not signed: use `machinectl pull-tar --verify=checksum`"
    return ExportedImage(
      architecture: architecture, files: files, notes: notes + (signing == nil ? [note] : []))
  }

  /// Writes the archive of the stage: the same bytes if it is a tarball of this compression, and no level is set.
  private func write(
    _ image: FileName, _ compression: CompressionSettings?, _ job: ExportJob, _ work: borrowing ExportWork
  ) throws(MirrorError) -> (DigestSet, notes: [String]) {
    let present = job.isDirectory ? nil : try TarballSource(job.source).compression
    guard level == nil, !job.isDirectory, present == compression?.compression else {
      let report = try job.writeArchive(compression, into: try work.create(image))
      return (report.digests, report.notes)
    }
    return (try work.copy(job.source, as: image), [])
  }

  /// From the name: systemd removes its end to get that of the machine.
  private static func compression(
    of name: FileName, _ subject: String, _ level: Int?
  ) throws(MirrorError) -> CompressionSettings? {
    let formats: KeyValuePairs<String, Compression?> = [".tar.xz": .xz, ".tar.gz": .gz, ".tar": nil]
    let text = "\(name)"
    guard let format = formats.first(where: { text.hasSuffix($0.key) && text != $0.key })
    else {
      throw MirrorError(
        .invalid, subject, "is not a name that machinectl knows",
        remedy: "use a name that ends in .tar.xz or .tar.gz")
    }
    let machine = name.bytes.dropLast(format.key.utf8.count)
    guard machine.count <= 64, machine.first != UInt8(ascii: "."), machine.allSatisfy(isNameByte) else {
      throw MirrorError(
        .invalid, subject, "is not the name of a machine",
        remedy: "use up to 64 letters, digits, `-` and `.` before \(format.key)")
    }
    return try format.value.map { kind throws(MirrorError) in try CompressionSettings(kind, level: level) }
  }
}
