import MirrorModel
import LinuxSystem

/// Decides which signatures count when a mirror is rebuilt: those by the key in the configuration or by pinned
/// keys, never by a key that the destination offers.
enum TrustedSignatures: Sendable {
  case configured(SignatureChecker)
  case pinned(PinnedKeys)

  /// Whether a detached signature of an open file is good.
  func accept(
    _ signature: [UInt8], of file: borrowing Descriptor, bytes: Int64
  ) throws(MirrorError) -> Bool {
    let path = file.pathForPrograms
    switch self {
    case .configured(let checker): return try checker.verdict(on: signature, of: path, bytes: bytes).isTrusted
    case .pinned(let keys): return try keys.verdict(on: signature, of: path, bytes: bytes).isTrusted
    }
  }

  /// Whether a text that contains its signature is good.
  func accept(clearText text: [UInt8]) throws(MirrorError) -> Bool {
    switch self {
    case .configured(let checker): return try checker.verdict(onClearText: text).isTrusted
    case .pinned(let keys): return try keys.verdict(onSigned: text).0.isTrusted
    }
  }
}

extension SignatureVerdict {
  /// Whether it proves that the key signed the content, then or now.
  fileprivate var isTrusted: Bool {
    switch self {
    case .valid, .subkeyExpired, .previousKey: true
    case .bad, .otherKey, .expired, .keyExpired, .keyRevoked, .weak, .unreadable: false
    }
  }
}
