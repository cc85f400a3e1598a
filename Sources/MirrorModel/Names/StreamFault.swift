package import LinuxSystem

/// The damage of a release file.
///
/// The catalog stores its number.
package enum StreamFault: Int, Sendable {
  /// It is truncated, does not decompress, or names parts that it does not have.
  case cutOff = 1
  /// It is not the kind of file that its name says.
  case otherKind = 2

  /// The text in verdicts.
  package var detail: String {
    switch self {
    case .cutOff: "it is truncated or corrupt"
    case .otherKind: "its content does not match its name"
    }
  }
}

extension MirrorError {
  /// The error for a file that is not offered because nobody could use it.
  package static func damaged(_ subject: String, _ fault: StreamFault) -> MirrorError {
    switch fault {
    case .cutOff:
      MirrorError(
        .invalid, subject, "is truncated or damaged",
        remedy: "copy or build it again, or remove it; until then it is not offered")
    case .otherKind:
      MirrorError(
        .invalid, subject, fault.detail, remedy: "replace, rename or remove it; until then it is not offered")
    }
  }
}
