import MirrorModel
import LinuxSystem

/// The `latest.txt` of each subarch, as on Gentoo's mirrors: the newest tarballs, one per line.
struct LatestList {
  static let fileName: FileName = "latest.txt"

  /// The files, in path order.
  private(set) var content = IndexContent(files: [])

  /// Lists the tarballs on offer. A subarch without any gets a file only if it had one: an empty list.
  init(_ source: IndexSource) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: source.mirror.root)
    for subarch in source.mirror.subarches {
      let offers = source.newestOffers(of: subarch)
      guard !offers.isEmpty || Self.isOurs(in: subarch.path, anchor) else { continue }
      let text = text(offers, source.mirror)
      content.files.append(IndexFile(path: subarch.path.appending(Self.fileName), bytes: text))
    }
  }

  /// Whether a subarch has a file written by mirrorctl.
  static func isOurs(in subarch: MirrorPath, _ anchor: borrowing AnchoredDirectory) -> Bool {
    IndexMark.isThere(subarch.appending(fileName), anchor)
  }

  private mutating func text(_ offers: [Artifact], _ mirror: Mirror) -> [UInt8] {
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
            "omitted from \(Self.fileName): blank or control character in the name", remedy: "rename it"))
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
