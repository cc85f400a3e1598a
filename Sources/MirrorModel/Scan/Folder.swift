public import LinuxSystem

/// What matters of one directory's own files: tarballs, what describes them, and links.
public struct Folder: Sendable {
  /// Relative to the mirror's root.
  public let path: MirrorPath
  /// Regular files that are tarballs, by name.
  public package(set) var tarballs: [Tarball] = []
  /// Every symbolic link, by name.
  public package(set) var links: [Link] = []
  /// Files that describe one tarball each, by name; what they describe may be gone.
  package var sidecars: [Sidecar] = []
  /// Files that describe all tarballs of the directory: `SHA256SUMS`, …
  package var manifests: ManifestKinds = []
  /// Signatures of sidecars and of manifests, by name; what they sign may be gone.
  package var digestSignatures: [DigestSignature] = []
  /// `.cme` and `.cme.run` marks, by name.
  package var marks: [CompressionMark] = []
  /// What a killed run left: files that never came to be, directories that were being removed.
  var leftovers: [FileName] = []
  /// Owner and permissions of the directory, for what is written into it.
  package var status: FileStatus

  init(path: MirrorPath, status: FileStatus) {
    self.path = path
    self.status = status
  }

  /// Those of its tarballs that are compressed and have no `.hash.txt` beside them.
  package var undigested: [Tarball] {
    let described = Set(sidecars.lazy.filter { $0.kind == .hashText }.map(\.tarball))
    return tarballs.filter { $0.compression != nil && !described.contains($0.path.name) }
  }

  /// Tarballs that are known to be damaged.
  var damaged: [Tarball] { tarballs.filter(\.isDamaged) }

  /// What is wrong with those of some damaged tarballs that are here and the same files.
  func faults(of others: [Tarball]) -> [MirrorPath: StreamFault] {
    guard !others.isEmpty else { return [:] }
    let known = Dictionary(others.map { ($0.path, $0) }) { first, _ in first }
    let same = tarballs.filter { known[$0.path]?.status.identity == $0.status.identity }
    return Dictionary(uniqueKeysWithValues: same.map { ($0.path, known[$0.path]?.fault ?? .cutOff) })
  }

  /// Notes which of its tarballs are damaged.
  mutating func mark(damaged: [MirrorPath: StreamFault]) {
    for index in tarballs.indices {
      if let fault = damaged[tarballs[index].path] { tarballs[index].fault = fault }
    }
  }

  /// The signature of a tarball that downloaders are told of: the binary one, as Metro's.
  package func signature(of tarball: FileName) -> MirrorPath? {
    let signatures = sidecars.filter { $0.tarball == tarball }
    let best = signatures.first { $0.kind == .signature } ?? signatures.first { $0.kind == .armored }
    return best.map { path.appending($0.name) }
  }

  /// Signatures of the sidecars of a tarball.
  package func signatures(ofDigestsOf tarball: FileName) -> [FileName] {
    digestSignatures.filter { SidecarKind.parse($0.file)?.tarball == tarball }.map(\.name)
  }
}

/// A tarball that lies in the mirror.
public struct Tarball: Sendable {
  /// The directory that it is in, relative to the mirror's root; its bytes are shared with all that is there.
  package let folder: MirrorPath
  /// Its own name.
  package let name: FileName
  /// nil for a plain `.tar`.
  public let compression: Compression?
  /// What `statx(2)` said during the scan.
  public let status: FileStatus
  /// What is known to be wrong with it.
  var fault: StreamFault?

  package init(_ name: FileName, in folder: MirrorPath, compression: Compression?, status: FileStatus) {
    self.folder = folder
    self.name = name
    self.compression = compression
    self.status = status
  }

  /// Relative to the mirror's root.
  public var path: MirrorPath { folder.appending(name) }
  /// Whether it is known that nobody could unpack it.
  public var isDamaged: Bool { fault != nil }

  /// Whether there is something in it to download, as far as is known.
  package var isWhole: Bool { status.size > 0 && !isDamaged }
}

/// A file named after a tarball.
package struct Sidecar: Sendable {
  package let kind: SidecarKind
  /// The tarball that it is named after; its bytes are shared with that.
  package let tarball: FileName
  /// What `statx(2)` said during the scan.
  package let identity: FileIdentity

  package var name: FileName { tarball.appending(kind.rawValue) }
}

/// A detached signature of a file that tells digests.
package struct DigestSignature: Sendable {
  package let name: FileName
  /// What it signs.
  package let file: FileName
  /// Whether that was written to after it; nil if it is gone.
  package let isOlder: Bool?

  /// nil when the name is no such signature's, or the signature is gone.
  init?(_ name: FileName, in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    guard let (_, file) = SignatureFormat.parse(name), SidecarKind.tellsDigests(file),
      let own = try directory.status(of: name)
    else { return nil }
    self.name = name
    self.file = file
    isOlder = try directory.status(of: file).map { own.identity.isOlder(than: $0.identity) }
  }
}

/// A mark beside a `.tar` that asks for its compression.
package struct CompressionMark: Sendable {
  /// What a `.cme.run` tells of the run that began the compression.
  package struct Run: Sendable {
    /// nil for Metro's, which is empty.
    let pid: Int32?
    let isAlive: Bool
    /// Seconds since the epoch.
    let written: Int64

    /// Whether somebody is at work: a live process, or Metro's less than `patience` seconds ago.
    package func isUnderWay(now: Int64, patience: Int64) -> Bool {
      if pid != nil { return isAlive }
      let (age, overflow) = now.subtractingReportingOverflow(written)
      return !overflow && age.magnitude < patience.magnitude
    }
  }

  package let name: FileName
  /// The `.tar` it speaks of.
  package let tarball: FileName
  /// nil for a `.cme`.
  package let run: Run?

  /// nil when the name is no mark's, or the file is gone.
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
    let pid = Int32(String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self))
    run = Run(pid: pid, isAlive: pid.map { probe($0, lockWritten: written) } ?? false, written: written)
  }
}

/// A symbolic link.
public struct Link: Sendable {
  /// Relative to the mirror's root.
  public let path: MirrorPath
  /// What is written in it.
  package let text: [UInt8]
  /// What it names, by its text alone, if that is in the mirror.
  public let destination: MirrorPath?
  /// What kind of thing is there; nil for nothing.
  let kind: FileKind?
  /// Whether nothing is there.
  public var isDead: Bool { kind == nil }

  /// Whether it leads to a directory outside the mirror, or to nothing there.
  var leadsAway: Bool {
    destination == nil && (kind == .directory || isDead) && TarballName(path.name) == nil
      && SidecarKind.parse(path.name) == nil && !path.name.isHidden
  }

  /// Whether a link's text goes up at its beginning only: after another link's name a `..` would lead from where
  /// that one leads.
  package static func isPlain(_ text: [UInt8]) -> Bool {
    let parts = text.split(separator: UInt8(ascii: "/")).filter { $0 != [UInt8(ascii: ".")] }
    return !parts.drop { $0.elementsEqual("..".utf8) }.contains { $0.elementsEqual("..".utf8) }
  }

  /// Where a link in `folder` that says `text` points inside a mirror known as `roots`.
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
