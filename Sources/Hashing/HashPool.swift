/// A file whose remaining bytes may be hashed by any thread.
protocol Unfinished: Sendable {
  /// Remaining bytes.
  var remaining: Int64 { get }
}

/// Decides which tarballs are hashed together next, from their sizes alone.
///
/// Threads take tarballs, hash a part of each side by side and give them back; any thread may continue with
/// the rest. While many are queued, those that were started continue, longest first. Once every tarball could
/// have a lane, those with the most remaining bytes are first, so that all end together (McNaughton's rule of
/// 1959 for preemptible tasks).
struct HashPool<File: Unfinished>: Sendable {
  /// The tarballs that a thread should hash side by side; none when everything is done.
  struct Work {
    var files: [File] = []
    /// Indices of requests to open and hash in addition.
    var requests: [Int] = []
    /// Whether all other threads are idle.
    var isAlone = false

    var count: Int { files.count + requests.count }
  }

  /// Requests that are not yet open, the longest last.
  private var queue: [(index: Int, size: Int64)]
  private var idle: [File] = []
  /// Number of tarballs that threads have now.
  private var busy = 0
  /// Number of threads.
  let threads: Int
  /// Number of tarballs that a thread hashes side by side, if there are enough.
  let width: Int
  /// Maximum number of open tarballs.
  private let window: Int

  /// - Parameter descriptors: maximum number of open files.
  init(_ requests: [(index: Int, size: Int64)], threads: Int, width: Int, descriptors: Int = .max) {
    queue = requests.sorted { ($0.size, $1.index) < ($1.size, $0.index) }
    self.threads = threads
    self.width = max(1, min(width, descriptors / threads))
    window = max(threads, descriptors)
  }

  /// The next work for a thread; nil if it must ask again after others have given back tarballs.
  mutating func take() -> Work? {
    guard !queue.isEmpty || !idle.isEmpty else { return busy == 0 ? Work() : nil }
    let left = queue.count + idle.count + busy
    let share = min(width, left / threads + (left % threads == 0 ? 0 : 1))
    let isPlenty = queue.count > threads * width
    if !isPlenty { idle.sort { $0.remaining > $1.remaining } }
    var work = Work(isAlone: left < threads)
    while work.count < share {
      if let file = idle.first, isPlenty || file.remaining >= queue.last?.size ?? 0 {
        work.files.append(file)
        idle.removeFirst()
      } else if !queue.isEmpty, idle.count + busy + work.count < window {
        work.requests.append(queue.removeLast().index)
      } else if !idle.isEmpty {
        work.files.append(idle.removeFirst())
      } else {
        break
      }
    }
    busy += work.count
    return work.count > 0 ? work : nil
  }

  /// Ends a thread's work: it gives back unfinished tarballs, and says how many it had taken.
  mutating func give(back unfinished: [File], of taken: Int) {
    idle += unfinished
    busy -= taken
  }

  /// Drops requests that were not started.
  mutating func stop() {
    queue = []
    idle = []
  }
}
