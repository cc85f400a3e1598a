package import LinuxSystem

/// The formats that files of a release may have: the one table that every verb uses, and the suffixes that a
/// configuration adds to it.
public struct ArtifactKinds: Sendable {
  /// The table. A longer suffix wins over a shorter one: `.oci.tar` is not a `.tar`.
  private static let table: [ArtifactFormat] = [
    rows(.tar, ".tar", [nil] + Compression.allCases),
    rows(.squashfs, ".squashfs"), rows(.erofs, ".erofs"),
    rows(.qcow2, ".qcow2"), rows(.raw, ".raw", [nil, .xz, .zst, .gz]),
    rows(.raw, ".img", [nil, .xz, .zst, .gz]), rows(.iso, ".iso"), rows(.vhd, ".vhd"), rows(.vmdk, ".vmdk"),
    // A WSL distribution is a tar archive, usually compressed, whose name does not show how.
    rows(.wsl, ".wsl"),
    // Written by skopeo, buildah and Fedora.
    rows(.oci, ".oci.tar", [nil] + Compression.allCases), rows(.oci, ".ociarchive"),
    rows(.incus, ".incus.tar", [.xz]), rows(.gpkg, ".gpkg.tar"),
    // The record of images at a cloud.
    rows(.ami, ".ami.json"),
  ].flatMap { $0 }

  private static func rows(
    _ content: ArtifactFormat.Content, _ suffix: String, _ compressions: [Compression?] = [nil]
  ) -> [ArtifactFormat] {
    compressions.map { ArtifactFormat(content, suffix, $0) }
  }

  private struct Row: Sendable {
    let suffix: [UInt8]
    let format: ArtifactFormat

    /// Whether it is the end of a longer name.
    func ends(_ name: [UInt8]) -> Bool {
      guard name.count > suffix.count else { return false }
      var (own, other) = (suffix.count - 1, name.count - 1)
      while own >= 0 {
        if suffix[own] != name[other] { return false }
        (own, other) = (own - 1, other - 1)
      }
      return true
    }
  }

  /// All formats, in the order of the table.
  package let formats: [ArtifactFormat]
  /// By the last byte of the suffix, longer suffixes first.
  private let rows: [Row]
  /// The rows of each last byte: from its number up to the next one.
  private let starts: [Int]

  /// The table without additions.
  public static let builtIn = ArtifactKinds([])

  /// The table, and more suffixes: `.box`. One that the table has is not added again.
  package init(_ suffixes: [String]) {
    let known = Set(Self.table.map(\.suffix))
    var formats = Self.table
    for suffix in suffixes where !known.contains(suffix) {
      let format = ArtifactFormat(.other, suffix)
      if !suffix.isEmpty, !formats.contains(format) { formats.append(format) }
    }
    let rows = formats.map { Row(suffix: Array($0.suffix.utf8), format: $0) }
    let sorted = rows.sorted {
      ($0.suffix.last ?? 0, $1.suffix.count) < ($1.suffix.last ?? 0, $0.suffix.count)
    }
    self.formats = formats
    self.rows = sorted
    starts = (0...256).map { byte in sorted.count { Int($0.suffix.last ?? 0) < byte } }
  }

  /// The format of a file; nil if its name is that of no release file.
  package func format(of name: FileName) -> ArtifactFormat? {
    let bytes = name.bytes
    guard let last = bytes.last, bytes[0] != UInt8(ascii: ".") else { return nil }
    // A scan does this for each name of a mirror: few names get beyond their last byte.
    for row in starts[Int(last)]..<starts[Int(last) + 1] where rows[row].ends(bytes) {
      return rows[row].format
    }
    return nil
  }

  /// Whether a name is that of a release file.
  package func includes(_ name: FileName) -> Bool { format(of: name) != nil }
}
