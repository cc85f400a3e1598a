/// The format of a release file, as its extension shows.
package enum ArtifactFormat: Hashable, Sendable {
  /// A tarball; nil for a plain `.tar`, which is compressed before it is released.
  case tar(Compression?)
  /// A file system to be mounted.
  case squashfs

  /// All formats. No extension is the end of another.
  static let all: [ArtifactFormat] = [.tar(nil)] + Compression.allCases.map { .tar($0) } + [.squashfs]

  /// `.tar` or `.tar.xz`.
  package var suffix: String {
    switch self {
    case .tar(let compression): compression?.suffix ?? ".tar"
    case .squashfs: ".squashfs"
    }
  }

  /// The compression of the whole file; nil if there is none, or if it is part of the format.
  package var compression: Compression? {
    if case .tar(let compression) = self { compression } else { nil }
  }

  /// Whether files of this format are released: a plain `.tar` is only on its way to another one.
  package var isReleased: Bool { self != .tar(nil) }

  /// Whether it is a tarball.
  package var isTarball: Bool { if case .tar = self { true } else { false } }
}
