import Hashing
import LinuxSystem

@testable import MirrorTools

extension FileHasher {
  /// At full speed, without progress.
  static var plain: FileHasher {
    FileHasher(HashingOptions(), progress: RunProgress(), cancellation: Cancellation())
  }
}
