package import LinuxSystem
import SystemPackage
import Synchronization

/// Finds out whether destinations can be reached, without sending anything.
package struct DestinationCheck {
  /// Destinations asked at the same time.
  private static let limit = 8

  private let destinations: [PublishDestination]
  private let seconds: Int
  private let cancellation: Cancellation

  /// - Parameter seconds: how long a destination may take to answer.
  package init(_ destinations: [PublishDestination], within seconds: Int, _ cancellation: Cancellation) {
    self.destinations = destinations
    self.seconds = seconds
    self.cancellation = cancellation
  }

  /// Why nothing can be sent to each destination; nil for those that answer.
  package func problems() throws(MirrorError) -> [MirrorError?] {
    let problems = Shared(Mutex([MirrorError?](repeating: nil, count: destinations.count)))
    Workers.forEach(destinations.count, jobs: Self.limit) { [destinations, seconds, cancellation] index in
      let problem = destinations[index].problem(within: seconds, cancellation)
      problems.value.withLock { $0[index] = problem }
    }
    try cancellation.check()
    return problems.value.withLock { $0 }
  }
}

extension PublishDestination {
  fileprivate func problem(within seconds: Int, _ cancellation: Cancellation) -> MirrorError? {
    if case .path(let path) = address {
      do throws(Errno) { try FilePath(path).check([.write, .search]) } catch {
        return .system(error, "write to \(path)", subject)
      }
      return nil
    }
    var destination = self
    destination.retries = 0
    var rsync = Rsync(destination: destination, progress: RunProgress(), cancellation: cancellation)
    rsync.limit = seconds
    do throws(MirrorError) { _ = try rsync.list(["--exclude=*"]) } catch { return error }
    return nil
  }
}
