import SystemPackage
import LinuxSystem
import Synchronization

/// Problems found by several threads.
final class ProblemList: Sendable {
  private let list = Mutex<[MirrorFault]>([])

  /// An entry that another run removed after its directory was listed is not a problem.
  func append(_ problem: MirrorError, at path: MirrorPath) {
    guard problem.code != .system(.noSuchFileOrDirectory) else { return }
    list.withLock { $0.append(MirrorFault(path, problem)) }
  }

  /// The result of `body`, or nil after recording its error.
  func catching<Result>(at path: MirrorPath, _ body: () throws(MirrorError) -> Result) -> Result? {
    do throws(MirrorError) { return try body() } catch {
      append(error, at: path)
      return nil
    }
  }

  /// Sorted by subject, for display.
  var sorted: [MirrorFault] { list.withLock { $0.sorted { $0.error.subject < $1.error.subject } } }
}
