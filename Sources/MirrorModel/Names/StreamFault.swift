package import LinuxSystem

/// What is wrong with a damaged tarball.
///
/// The catalog remembers it by its number.
package enum StreamFault: Int, Sendable {
  /// Its compressed stream is cut off, or does not decompress.
  case cutOff = 1
  /// It is another kind of file than its name says.
  case otherKind = 2

  /// As a verdict says it.
  package var detail: String {
    switch self {
    case .cutOff: "its compressed stream is not whole"
    case .otherKind: "is not compressed as its name says"
    }
  }
}

extension MirrorError {
  /// A tarball that is not offered, because nobody could unpack it.
  package static func damaged(_ subject: String, _ fault: StreamFault) -> MirrorError {
    switch fault {
    case .cutOff:
      MirrorError(
        .invalid, subject, "is cut off or damaged: \(fault.detail)",
        remedy: "copy or build it again, or remove it; until then it is not offered")
    case .otherKind:
      MirrorError(
        .invalid, subject, fault.detail, remedy: "replace, rename or remove it; until then it is not offered")
    }
  }
}
