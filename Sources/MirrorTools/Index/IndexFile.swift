public import LinuxSystem

/// One file of an index, as it is to be.
public struct IndexFile: Sendable, Hashable {
  /// Where it lies, relative to the mirror's root; its directory may have to be made.
  public let path: MirrorPath
  /// The whole of it.
  public let bytes: [UInt8]

  /// Takes it as it is.
  public init(path: MirrorPath, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }
}

/// The files of a format, and what had to be left out of them.
public struct IndexContent: Sendable, Hashable {
  /// In the order in which they are written.
  public internal(set) var files: [IndexFile]
  /// What was left out, beyond the problems of the ``IndexSource/document``.
  public internal(set) var problems: [MirrorError] = []
}
