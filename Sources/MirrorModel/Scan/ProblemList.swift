import SystemPackage
import LinuxSystem
import Synchronization

/// Problems met by several threads.
final class ProblemList: Sendable {
  private let list = Mutex<[MirrorError]>([])

  /// An entry that another run removed after its directory was listed is not a problem.
  func append(_ problem: MirrorError) {
    guard problem.code != .system(.noSuchFileOrDirectory) else { return }
    list.withLock { $0.append(problem) }
  }

  /// The result of `body`, or nil after noting why there is none.
  func catching<Result>(_ body: () throws(MirrorError) -> Result) -> Result? {
    do throws(MirrorError) { return try body() } catch {
      append(error)
      return nil
    }
  }

  var sorted: [MirrorError] { list.withLock { $0.sorted { $0.subject < $1.subject } } }
}
