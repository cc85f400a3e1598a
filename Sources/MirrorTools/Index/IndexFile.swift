public import LinuxSystem

/// One file of an index.
public struct IndexFile: Sendable, Hashable {
  /// Relative to the root of the mirror; its directory may not exist yet.
  public let path: MirrorPath
  /// The complete content, without a signature in it.
  public let bytes: [UInt8]
  /// Whether the file contains its own signature if the index is signed.
  let isClearSigned: Bool

  /// Creates a file.
  public init(path: MirrorPath, bytes: [UInt8]) { self.init(path: path, bytes: bytes, isClearSigned: false) }

  init(path: MirrorPath, bytes: [UInt8], isClearSigned: Bool) {
    self.path = path
    self.bytes = bytes
    self.isClearSigned = isClearSigned
  }
}

/// A link that belongs to an index.
public struct IndexLink: Sendable, Hashable {
  /// Relative to the root of the mirror.
  public let path: MirrorPath
  /// Its target, an entry of the same directory; nil to remove the link.
  public let target: FileName?
}

/// The files of a format, and what had to be omitted from them.
public struct IndexContent: Sendable, Hashable {
  /// In the order of writing.
  public internal(set) var files: [IndexFile]
  /// Links to what the files list.
  public internal(set) var links: [IndexLink] = []
  /// Omissions, in addition to the problems of the ``IndexSource/document``.
  public internal(set) var problems: [MirrorError] = []
}
