import MirrorModel
import LinuxSystem

/// The `latest.txt` of each subarch, as Gentoo's mirrors have it: what is newest, a line a tarball.
struct LatestList {
  static let fileName: FileName = "latest.txt"

  /// The files, in path order.
  private(set) var content = IndexContent(files: [])

  /// Lists what every subarch offers. One that offers nothing has a file only if it had one: then nothing is in it.
  init(_ source: IndexSource) throws(MirrorError) {
    let anchor = try AnchoredDirectory(root: source.mirror.root)
    for subarch in source.mirror.subarches {
      let offers = source.newestOffers(of: subarch)
      guard !offers.isEmpty || Self.isOurs(in: subarch.path, anchor) else { continue }
      let text = text(offers, source.mirror)
      content.files.append(IndexFile(path: subarch.path.appending(Self.fileName), bytes: text))
    }
  }

  /// Whether a subarch has one that is ours.
  static func isOurs(in subarch: MirrorPath, _ anchor: borrowing AnchoredDirectory) -> Bool {
    IndexMark.isThere(subarch.appending(fileName), anchor)
  }

  private mutating func text(_ offers: [Artifact], _ mirror: Mirror) -> [UInt8] {
    // Whoever takes the first line that says stage3 wants the plain one.
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
            "left out of \(Self.fileName): a blank or control character is in the name", remedy: "rename it"))
        continue
      }
      lines += path + Array(" \(tarball.status.size)\n".utf8)
    }
    return lines
  }

  /// Whether a path can be the first field of a line that is no comment.
  private static func isField(_ path: [UInt8]) -> Bool {
    guard path.first != UInt8(ascii: "#"), let text = String(validating: path, as: UTF8.self) else {
      return false
    }
    return text.unicodeScalars.allSatisfy {
      !$0.properties.isWhitespace && $0.properties.generalCategory != .control
    }
  }
}
