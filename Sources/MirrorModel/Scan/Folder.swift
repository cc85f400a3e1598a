public import LinuxSystem

/// The relevant files of one directory: release files, files that describe them, and links.
public struct Folder: Sendable {
  /// Relative to the mirror's root.
  public let path: MirrorPath
  /// Regular files that are tarballs or of another format of ``ArtifactKinds``, by name.
  public package(set) var tarballs: [Tarball] = []
  /// Every symbolic link, by name.
  public package(set) var links: [Link] = []
  /// Files that describe one tarball each, by tarball and name; the tarball may be gone.
  package var sidecars: [Sidecar] = []
  /// Files that describe all tarballs of the directory: `SHA256SUMS`, …
  package var manifests: ManifestKinds = []
  /// Signatures of digest files and documents, by tarball and name; the signed file may be gone.
  package var digestSignatures: [DigestSignature] = []
  /// `.cme` and `.cme.run` marks, by name.
  package var marks: [CompressionMark] = []
  /// Regular files with any other name, in a version: nobody knows what they are for.
  package var unclaimed: [FileName] = []
  /// Leftovers of killed runs: unfinished files, and directories that were being removed.
  var leftovers: [FileName] = []
  /// Owner and permissions of the directory, for new files in it.
  package var status: FileStatus
  /// The layout of the mirror.
  package let layout: MirrorLayout

  init(path: MirrorPath, status: FileStatus, layout: MirrorLayout = .metro) {
    self.path = path
    self.status = status
    self.layout = layout
  }

  /// Its released tarballs without the digest file of the layout.
  package var undigested: [Tarball] {
    let kind = layout.digestFile
    let described = Set(sidecars.lazy.filter { $0.kind == kind }.map(\.tarball))
    return tarballs.filter { $0.format.isReleased && !described.contains($0.path.name) }
  }

  /// Tarballs that are known to be damaged.
  var damaged: [Tarball] { tarballs.filter(\.isDamaged) }

  /// The faults of those damaged tarballs that are in this folder and unchanged.
  func faults(of others: [Tarball]) -> [MirrorPath: StreamFault] {
    guard !others.isEmpty else { return [:] }
    let known = Dictionary(others.map { ($0.path, $0) }) { first, _ in first }
    let same = tarballs.filter { known[$0.path]?.status.identity == $0.status.identity }
    return Dictionary(uniqueKeysWithValues: same.map { ($0.path, known[$0.path]?.fault ?? .cutOff) })
  }

  /// Marks tarballs as damaged.
  mutating func mark(damaged: [MirrorPath: StreamFault]) {
    for index in tarballs.indices {
      if let fault = damaged[tarballs[index].path] { tarballs[index].fault = fault }
    }
  }

  /// Marks a tarball as withdrawn.
  mutating func withdraw(_ tarball: FileName) { set(isWithdrawn: true, tarball) }

  /// Marks a tarball as not withdrawn.
  mutating func restore(_ tarball: FileName) { set(isWithdrawn: false, tarball) }

  private mutating func set(isWithdrawn: Bool, _ tarball: FileName) {
    guard let index = tarballs.range(of: tarball, by: \.name).first else { return }
    tarballs[index].isWithdrawn = isWithdrawn
  }

  /// The signature of a tarball that downloaders are pointed to: the binary one, as in Metro.
  package func signature(of tarball: FileName) -> MirrorPath? {
    let signatures = sidecars(of: tarball)
    let best = signatures.first { $0.kind == .signature } ?? signatures.first { $0.kind == .armored }
    return best.map { path.appending($0.name) }
  }

  /// The documents of a tarball that are there, by kind.
  package func documents(of tarball: FileName) -> [SidecarKind: MirrorPath] {
    let own = sidecars(of: tarball).filter(\.kind.isDocument)
    return Dictionary(own.map { ($0.kind, path.appending($0.name)) }) { first, _ in first }
  }

  /// Signatures of the sidecars of a tarball.
  package func signatures(ofDigestsOf tarball: FileName) -> [FileName] {
    digestSignatures[digestSignatures.range(of: tarball, by: \.tarballName)].map(\.name)
  }
}

/// A release file in the mirror: a tarball, an image, or another format of ``ArtifactKinds``.
public struct Tarball: Sendable {
  /// The directory that contains it, relative to the mirror's root; all files in the directory share its
  /// bytes.
  package let folder: MirrorPath
  /// Its file name.
  package let name: FileName
  package let format: ArtifactFormat
  /// The result of `statx(2)` during the scan.
  public let status: FileStatus
  /// Its known damage.
  var fault: StreamFault?
  /// Whether it is not offered any more: there is a notice beside it.
  package internal(set) var isWithdrawn = false

  package init(_ name: FileName, in folder: MirrorPath, format: ArtifactFormat, status: FileStatus) {
    self.folder = folder
    self.name = name
    self.format = format
    self.status = status
  }

  /// Relative to the mirror's root.
  public var path: MirrorPath { folder.appending(name) }
  /// nil for a plain `.tar` and for images that are not compressed as a whole.
  public var compression: Compression? { format.compression }
  /// Whether it is known to be damaged.
  public var isDamaged: Bool { fault != nil }

  /// Whether it is offered, if its version is: it contains something to download, and is not withdrawn.
  package var isOffered: Bool { isWhole && !isWithdrawn }
  /// Whether it contains something to download, as far as is known.
  package var isWhole: Bool { status.size > 0 && !isDamaged }
}

/// A file named after a tarball.
package struct Sidecar: Sendable {
  package let kind: SidecarKind
  /// The tarball that it is named after; both share the bytes of the name.
  package let tarball: FileName
  /// The result of `statx(2)` during the scan.
  package let identity: FileIdentity

  package var name: FileName { tarball.appending(kind.rawValue) }
}

/// A detached signature of a file with digests, or of a document.
package struct DigestSignature: Sendable {
  package let name: FileName
  /// The file that it signs.
  package let file: FileName
  /// The tarball that this file describes; nil if it describes all of a directory.
  package let tarball: FileName?
  /// The same, empty if there is none: those of directories are sorted before all others.
  var tarballName: FileName { tarball ?? FileName(bytes: []) }
  /// The result of `statx(2)` during the scan.
  package let identity: FileIdentity
  /// The same of the signed file; nil if it is gone.
  package let signed: FileIdentity?
  /// Whether that file was changed after it was signed; nil if the file is gone.
  package var isOlder: Bool? { signed.map { identity.isOlder(than: $0) } }

  /// nil if the name is not such a signature's, or the signature is gone.
  init?(
    _ name: FileName, in directory: borrowing AnchoredDirectory, _ kinds: ArtifactKinds
  ) throws(MirrorError) {
    guard let (_, file) = SignatureFormat.parse(name), SidecarKind.isSignedAlone(file, kinds),
      let own = try directory.status(of: name)
    else { return nil }
    self.name = name
    self.file = file
    tarball = SidecarKind.parse(file, kinds)?.tarball
    identity = own.identity
    signed = try directory.status(of: file)?.identity
  }
}

/// A mark beside a `.tar` that asks for its compression.
package struct CompressionMark: Sendable {
  /// The contents of a `.cme.run`: the run that started the compression.
  package struct Run: Sendable {
    /// nil for Metro's, which are empty.
    let owner: LockOwner?
    let isAlive: Bool
    /// Seconds since the epoch.
    let written: Int64

    /// Whether it is in progress: its process is running, or it is Metro's and less than `patience` seconds
    /// old.
    package func isUnderWay(now: Int64, patience: Int64) -> Bool {
      if owner != nil { return isAlive }
      let (age, overflow) = now.subtractingReportingOverflow(written)
      return !overflow && age.magnitude < patience.magnitude
    }
  }

  package let name: FileName
  /// The `.tar` that it marks.
  package let tarball: FileName
  /// nil for a `.cme`.
  package let run: Run?

  /// nil if the name is not a mark's, or the file is gone.
  package init?(
    _ name: FileName, in directory: borrowing AnchoredDirectory, probe: ProcessProbe
  ) throws(MirrorError) {
    let isRun = name.hasSuffix(".tar.cme.run")
    guard isRun || name.hasSuffix(".tar.cme") else { return nil }
    self.name = name
    tarball = name.dropping(last: isRun ? 8 : 4)
    guard isRun else {
      run = nil
      return
    }
    guard let status = try directory.status(of: name),
      let bytes = try directory.contents(of: MirrorPath(bytes: name.bytes), limit: 4096)
    else { return nil }
    let written = status.identity.mtime / 1_000_000_000
    let owner = LockOwner(bytes)
    run = Run(
      owner: owner, isAlive: owner.map { probe($0, lockWritten: written) } ?? false, written: written)
  }
}

/// A symbolic link.
public struct Link: Sendable {
  /// Relative to the mirror's root.
  public let path: MirrorPath
  /// Its target, as written.
  package let text: [UInt8]
  /// The target as a path in the mirror, judged by the text alone; nil if it is outside.
  public let destination: MirrorPath?
  /// The kind of file that it leads to; nil if there is none.
  let kind: FileKind?
  /// Whether its target does not exist.
  public var isDead: Bool { kind == nil }

  /// Whether it leads to a directory outside the mirror, or to a missing target there.
  func leadsAway(_ kinds: ArtifactKinds) -> Bool {
    destination == nil && (kind == .directory || isDead) && !kinds.includes(path.name)
      && SidecarKind.parse(path.name, kinds) == nil && !path.name.isHidden
  }

  /// Whether `..` occurs only at the start of a link's text: after the name of another link, `..` would be
  /// relative to that link's target.
  package static func isPlain(_ text: [UInt8]) -> Bool {
    let parts = text.split(separator: UInt8(ascii: "/")).filter { $0 != [UInt8(ascii: ".")] }
    return !parts.drop { $0.elementsEqual("..".utf8) }.contains { $0.elementsEqual("..".utf8) }
  }

  /// The target of a link in `folder` with this `text`, inside a mirror with the paths `roots`.
  package static func destination(of text: [UInt8], in folder: MirrorPath, roots: [[UInt8]]) -> MirrorPath? {
    let slash = UInt8(ascii: "/")
    var parts: [[UInt8]]
    if text.first == slash {
      guard let root = roots.first(where: { text.starts(with: $0 + [slash]) }) else { return nil }
      parts = text.dropFirst(root.count).split(separator: slash).map(Array.init)
    } else {
      parts = folder.components.map(\.bytes) + text.split(separator: slash).map(Array.init)
    }
    var result: [[UInt8]] = []
    for part in parts where part != [UInt8(ascii: ".")] {
      if part != Array("..".utf8) {
        result.append(part)
      } else if result.popLast() == nil {
        return nil
      }
    }
    return MirrorPath(bytes: Array(result.joined(separator: [slash])))
  }
}
