public import LinuxSystem

/// One file of an index.
public struct IndexFile: Sendable, Hashable {
  /// Relative to the root of the mirror; its directory may not exist yet.
  public let path: MirrorPath
  /// The complete content.
  public let bytes: [UInt8]

  /// Creates a file.
  public init(path: MirrorPath, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }
}

/// The files of a format, and what had to be omitted from them.
public struct IndexContent: Sendable, Hashable {
  /// In the order of writing.
  public internal(set) var files: [IndexFile]
  /// Omissions, in addition to the problems of the ``IndexSource/document``.
  public internal(set) var problems: [MirrorError] = []
}
