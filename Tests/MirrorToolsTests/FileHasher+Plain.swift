import Hashing
import LinuxSystem
import MirrorModel

@testable import MirrorTools

extension FileHasher {
  /// At full speed, without progress.
  static var plain: FileHasher {
    FileHasher(HashingOptions(), kinds: .builtIn, progress: RunProgress(), cancellation: Cancellation())
  }
}
