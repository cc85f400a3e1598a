import LinuxSystem
import Synchronization

/// Records in the catalog which signatures were made or checked, on any thread.
final class CheckedSignatures: Sendable {
  private let catalog: Catalog
  private let key: String
  private let unsaved = Mutex<[(MirrorPath, Catalog.CheckedSignature)]>([])

  init(_ catalog: Catalog, _ settings: SigningSettings) {
    self.catalog = catalog
    key = "\(settings.key)"
  }

  /// - Parameters:
  ///   - identity: the identity of the signature.
  ///   - signed: the identity of the file that it signs.
  func note(_ path: MirrorPath, _ identity: FileIdentity, of signed: FileIdentity) {
    // With times in whole seconds another write would not be noticed yet.
    guard ![identity, signed].contains(where: \.isFresh) else { return }
    let signature = Catalog.CheckedSignature(identity: identity, signed: signed, key: key)
    let isFull = unsaved.withLock { unsaved in
      unsaved.append((path, signature))
      return unsaved.count >= 256
    }
    if isFull { flush() }
  }

  /// Writes pending records; if this fails, the signatures are checked again.
  func flush() {
    let signatures = unsaved.withLock { unsaved in
      defer { unsaved = [] }
      return unsaved
    }
    try? catalog.update(checked: signatures)
  }
}

extension FileIdentity {
  fileprivate var isFresh: Bool {
    hasCoarseTimes && (0..<tick).contains(SystemClock.nanoseconds &- ctime)
  }
}
