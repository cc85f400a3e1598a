import MirrorModel
import LinuxSystem
import SystemPackage

/// Collects all data for the pages of a mirror; after that no page reads the disk.
struct PageSurvey: Sendable {
  static let fileName: FileName = "index.html"
  /// Number of builds shown per page.
  private static let builds = 30

  /// Listed subarches, in path order.
  let entries: [PageEntry]
  /// The newest snapshot of each kind, by build.
  let snapshots: [FileName: [Tarball]]
  /// Index files at the root, for programs.
  let indexes: [MirrorPath]
  /// The public signing key at the root, if there is one.
  let key: MirrorPath?
  /// Fingerprint of that key, if it is the signing key.
  let fingerprint: Fingerprint?
  /// Pages not written by mirrorctl, with the error to report.
  let foreign: [MirrorPath: MirrorError]

  init(_ source: IndexSource) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: source.mirror.root)
    let history = (try? source.catalog.builds()) ?? [:]
    let infos = Self.infos(source.document)
    var entries: [PageEntry] = []
    for subarch in source.subarches {
      // It may have been removed since the scan; a page must not create it again.
      guard let directory = try? anchor.directory(subarch.path) else { continue }
      entries.append(
        try Self.entry(
          subarch, source, directory, (history[subarch.path] ?? []).suffix(Self.builds),
          infos[subarch.path] ?? [:]))
    }
    self.entries = entries
    snapshots = Self.snapshots(source)
    let keys = try anchor.entries().filter { $0.kind == .regular && $0.name.hasSuffix("-key.asc") }.map(
      \.name)
    let isOurs = source.signer != nil && keys.contains(PublicKeyFile.name)
    key = (isOurs ? PublicKeyFile.name : keys.min()).map { MirrorPath(bytes: $0.bytes) }
    fingerprint = isOurs ? source.signer : nil
    let candidates: [MirrorPath] = ["index.xml", "index.json", "streams/v1/index.json"]
    indexes = candidates.filter { Self.isThere($0, in: anchor) }
    foreign = try Self.foreign(source, anchor)
  }

  /// Pages of others at the paths of pages of mirrorctl.
  private static func foreign(
    _ source: IndexSource, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [MirrorPath: MirrorError] {
    var foreign: [MirrorPath: MirrorError] = [:]
    for folder in [MirrorPath.root] + source.subarches.map(\.path) {
      guard let directory = try? anchor.directory(folder),
        let problem = try Self.problem(in: directory)
      else { continue }
      foreign[folder.appending(fileName)] = MirrorError(
        .invalid, directory.displayed(fileName), problem,
        remedy: "move it away, or disable html")
    }
    return foreign
  }

  /// Whether the page at the root was written by mirrorctl.
  static func isOurs(_ anchor: borrowing AnchoredDirectory) throws(MirrorError) -> Bool {
    guard try anchor.status(of: fileName) != nil else { return false }
    return try problem(in: anchor) == nil
  }

  /// Why a page must not be written to a directory; nil if it may.
  private static func problem(in directory: borrowing AnchoredDirectory) throws(MirrorError) -> String? {
    guard let status = try directory.status(of: fileName) else { return nil }
    guard status.kind == .regular else { return "is not a regular file" }
    let file = try directory.file(MirrorPath(bytes: fileName.bytes))
    let head = try attempt("read", directory.displayed(fileName)) { () throws(Errno) in
      try file.bytes(upTo: 1024)
    }
    return String(decoding: head, as: UTF8.self).contains(PageShell.mark.markup)
      ? nil : "was not written by mirrorctl"
  }

  private static func entry(
    _ subarch: Subarch, _ source: IndexSource, _ directory: borrowing AnchoredDirectory,
    _ history: ArraySlice<BuildRecord>, _ info: [String: String]
  ) throws(MirrorError) -> PageEntry {
    let versions = source.versions(of: subarch)
    let offers = subarch.newestOffers(excluding: source.excluded)
    let newest = offers.map(\.version).max { $0.date < $1.date }
    var logs: [FileName: [MirrorPath]] = [:]
    for version in subarch.versions where version.hasStatus && !version.hasSucceeded {
      guard source.stays(version.path) else { continue }
      logs[version.name] = Self.logs(of: version.name, in: directory)
    }
    let lists = LatestList.names(in: .root, subarch.layout, directory).filter {
      isThere(MirrorPath(bytes: $0.bytes), in: directory)
    }
    let first = newest.map { edition($0, offers, in: directory) { source.digests($0)["sha256"] } }
    let offered = Set(first?.downloads.map(\.path) ?? [])
    let links = subarch.folder.links.filter { !$0.isDead && $0.destination.map(offered.contains) ?? false }
    return PageEntry(
      subarch: subarch,
      state: PageState(
        subarch, newest: newest, history: history, rotation: source.rotation,
        farm: source.farm["\(subarch.path)"] ?? [], today: source.today),
      newest: first,
      older: versions.reversed().drop { $0.path != newest?.path }.dropFirst().map {
        version in
        let offers = version.offers(of: subarch).map { Offer(version: version, artifact: $0) }
        return edition(version, offers, in: directory) { _ in nil }
      },
      history: Array(history), logs: logs, info: info,
      withdrawn: (source.document.withdrawn ?? []).filter { $0.path.isWithin(subarch.path.rooted) },
      latest: links.map(\.path) + lists.map { subarch.path.appending($0) })
  }

  private static func edition(
    _ version: Version, _ offers: [Offer], in directory: borrowing AnchoredDirectory,
    sha256: (Tarball) -> String?
  ) -> Edition {
    var downloads: [Download] = []
    for (version, artifact) in offers.map({ ($0.version, $0.artifact) }) {
      let tarball = artifact.tarball
      let metalink = tarball.name.appending(SidecarKind.metalink.rawValue)
      let hasMetalink = isThere(
        MirrorPath(bytes: version.name.bytes).appending(metalink), in: directory)
      let download = Download(
        variant: artifact.variant, format: tarball.format, path: tarball.path, bytes: tarball.status.size,
        sha256: sha256(tarball),
        signature: version.folder.signature(of: tarball.name),
        metalink: hasMetalink ? version.path.appending(metalink) : nil,
        documents: version.folder.documents(of: tarball.name))
      downloads.append(download)
    }
    let stages = downloads.filter { $0.variant == "stage3" }
    return Edition(version: version, downloads: stages + downloads.filter { $0.variant != "stage3" })
  }

  private static func logs(
    of version: FileName, in directory: borrowing AnchoredDirectory
  ) -> [MirrorPath] {
    let folder = MirrorPath(bytes: version.bytes).appending("log")
    guard let log = try? directory.directory(folder), let entries = try? log.entries() else { return [] }
    return entries.filter { $0.kind == .regular && $0.name.hasSuffix(".txt") && !$0.name.isHidden }
      .map(\.name).sorted().map { directory.path.joined(folder).appending($0) }
  }

  private static func isThere(_ path: MirrorPath, in directory: borrowing AnchoredDirectory) -> Bool {
    (try? directory.status(at: path))??.kind == .regular
  }

  private static func infos(_ document: IndexDocument) -> [MirrorPath: [String: String]] {
    var infos: [MirrorPath: [String: String]] = [:]
    for subarch in document.subarches {
      guard let rooted = subarch.builds.first?.path else { continue }
      infos[MirrorPath(bytes: Array(rooted.bytes.dropFirst()))] = subarch.info
    }
    return infos
  }

  private static func snapshots(_ source: IndexSource) -> [FileName: [Tarball]] {
    var found: [FileName: [Tarball]] = [:]
    for build in source.mirror.builds {
      guard let folder = build.snapshots else { continue }
      let marked = Set(folder.marks.map(\.tarball))
      var newest: [String: (date: VersionDate, tarball: Tarball)] = [:]
      for tarball in folder.tarballs where !marked.contains(tarball.name) && source.stays(tarball.path) {
        guard let parts = tarball.parsedName.snapshotParts, tarball.isOffered,
          parts.date <= source.mirror.horizon
        else {
          continue
        }
        if let other = newest[parts.name], other.date > parts.date { continue }
        newest[parts.name] = (parts.date, tarball)
      }
      found[build.name] = newest.sorted { $0.key < $1.key }.map(\.value.tarball)
    }
    return found
  }
}
