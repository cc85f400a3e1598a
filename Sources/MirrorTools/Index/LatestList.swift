import MirrorModel
import LinuxSystem

/// The newest tarballs of each subarch, one per line, as on Gentoo's mirrors: `latest.txt`; in a layout by name, a
/// list for each name (`latest-stage3-amd64-openrc.txt`), with a link to its version beside it.
struct LatestList {
  static let fileName: FileName = "latest.txt"

  /// The files, in path order.
  private(set) var content = IndexContent(files: [])

  /// Lists the tarballs on offer. A list of ours that has lost all its tarballs becomes empty.
  init(_ source: IndexSource) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: source.mirror.root)
    for subarch in source.mirror.subarches {
      var lists = Self.lists(of: source.newestOffers(of: subarch), subarch.layout)
      for name in Self.ours(in: subarch.path, subarch.layout, anchor) where lists[name] == nil {
        lists[name] = []
      }
      for (name, offers) in lists.sorted(by: { $0.key < $1.key }) {
        let text = text(offers.map(\.artifact), name, source.mirror)
        content.files.append(
          IndexFile(
            path: subarch.path.appending(name), bytes: text, isClearSigned: subarch.layout.isByName))
      }
      addLinks(of: subarch, source)
    }
  }

  /// Whether a file is such a list, by its path.
  static func isOne(_ path: MirrorPath) -> Bool {
    (path.name == fileName || MirrorLayout.isLatestList(path.name)) && path.parent.isSubarch
  }

  /// Whether a subarch has a file written by mirrorctl.
  static func isOurs(
    in subarch: MirrorPath, _ layout: MirrorLayout, _ anchor: borrowing AnchoredDirectory
  ) -> Bool { !ours(in: subarch, layout, anchor).isEmpty }

  /// The names of the lists in a subarch, of mirrorctl and of others.
  static func names(
    in subarch: MirrorPath, _ layout: MirrorLayout, _ anchor: borrowing AnchoredDirectory
  ) -> [FileName] {
    guard layout.isByName else { return [fileName] }
    let entries = (try? anchor.directory(subarch).entries()) ?? []
    return entries.filter { $0.kind == .regular && MirrorLayout.isLatestList($0.name) }.map(\.name).sorted()
  }

  private static func ours(
    in subarch: MirrorPath, _ layout: MirrorLayout, _ anchor: borrowing AnchoredDirectory
  ) -> [FileName] {
    names(in: subarch, layout, anchor).filter { IndexMark.isThere(subarch.appending($0), anchor) }
  }

  /// The lists of a subarch. In a layout by name, all stage3s and all media are listed together as well.
  private static func lists(of offers: [Offer], _ layout: MirrorLayout) -> [FileName: [Offer]] {
    guard layout.isByName else { return offers.isEmpty ? [:] : [fileName: offers] }
    var lists: [FileName: [Offer]] = [:]
    for offer in offers {
      let name = offer.artifact.releaseName(in: offer.version)
      var titles: Set<FileName> = [name]
      if name.hasPrefix("stage3-") { titles.insert("stage3") }
      if offer.artifact.tarball.name.hasSuffix(".iso") { titles.insert("iso") }
      for title in titles { lists[MirrorLayout.latestList(of: title), default: []].append(offer) }
    }
    return lists
  }

  /// Adds the links to the newest versions of each name, and removes those of names that are not offered any more.
  private mutating func addLinks(of subarch: Subarch, _ source: IndexSource) {
    guard subarch.layout.isByName else { return }
    var kept: Set<FileName> = []
    for offer in source.newestOffers(of: subarch) {
      let name = MirrorLayout.currentLink(of: offer.artifact.releaseName(in: offer.version))
      guard kept.insert(name).inserted else { continue }
      content.links.append(IndexLink(path: subarch.path.appending(name), target: offer.version.name))
    }
    guard source.mirror.isReadWhole(subarch.path) else { return }
    let stale = subarch.folder.links.filter { link in
      MirrorLayout.isCurrentLink(link.path.name) && !kept.contains(link.path.name)
        && link.destination?.parent == subarch.path
    }
    content.links += stale.map { IndexLink(path: $0.path, target: nil) }
  }

  private mutating func text(_ offers: [Artifact], _ list: FileName, _ mirror: Mirror) -> [UInt8] {
    // Plain stage3 first, for scripts that take the first line containing stage3.
    let ordered = offers.filter { $0.variant == "stage3" } + offers.filter { $0.variant != "stage3" }
    var lines: [UInt8] = []
    if let newest = offers.map(\.tarball.status.identity.modified).max() {
      lines += Array("# Latest as of \(UTCText.mail(newest))\n# ts=\(newest)\n".utf8)
    }
    lines += Array("# Written by \(IndexMark.text): path from here, size in bytes.\n".utf8)
    for tarball in ordered.map(\.tarball) {
      let path = tarball.path.parent.name.bytes + [UInt8(ascii: "/")] + tarball.name.bytes
      guard Self.isField(path) else {
        content.problems.append(
          MirrorError(
            .invalid, mirror.displayed(tarball.path),
            "omitted from \(list): blank or control character in the name", remedy: "rename it"))
        continue
      }
      lines += path + Array(" \(tarball.status.size)\n".utf8)
    }
    return lines
  }

  /// Whether a path can be the first field of a line that is not a comment.
  private static func isField(_ path: [UInt8]) -> Bool {
    guard path.first != UInt8(ascii: "#"), let text = String(validating: path, as: UTF8.self) else {
      return false
    }
    return text.unicodeScalars.allSatisfy {
      !$0.properties.isWhitespace && $0.properties.generalCategory != .control
    }
  }
}
