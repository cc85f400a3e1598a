/// A file whose rest may be hashed by any thread.
protocol Unfinished: Sendable {
  /// Bytes left.
  var remaining: Int64 { get }
}

/// Which tarballs are hashed together next: a pure decision from sizes.
///
/// Threads take tarballs, hash a part of each side by side and give them back; what is left may go on in any
/// thread. While plenty is queued, those that were begun go on, longest first. Once every tarball could have a
/// lane, those with the most left go first, which lets all end together (McNaughton's rule of 1959 for tasks
/// that may be interrupted).
struct HashPool<File: Unfinished>: Sendable {
  /// What a thread is to hash side by side; nothing when all is done.
  struct Work {
    var files: [File] = []
    /// Indices of requests to open and hash beside them.
    var requests: [Int] = []
    /// Whether other threads have nothing to do meanwhile.
    var isAlone = false

    var count: Int { files.count + requests.count }
  }

  /// Requests not yet opened, the longest last.
  private var queue: [(index: Int, size: Int64)]
  private var idle: [File] = []
  /// Tarballs that threads have now.
  private var busy = 0
  /// Threads that work at once.
  let threads: Int
  /// Tarballs that a thread hashes side by side, where there are enough.
  let width: Int
  /// Tarballs that may be open at once.
  private let window: Int

  /// - Parameter descriptors: files that may be open at once.
  init(_ requests: [(index: Int, size: Int64)], threads: Int, width: Int, descriptors: Int = .max) {
    queue = requests.sorted { ($0.size, $1.index) < ($1.size, $0.index) }
    self.threads = threads
    self.width = max(1, min(width, descriptors / threads))
    window = max(threads, descriptors)
  }

  /// The next work of a thread; nil when it is to ask again after others gave back.
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

  /// Ends a thread's work: it gives back what is not finished, and tells how many it had taken.
  mutating func give(back unfinished: [File], of taken: Int) {
    idle += unfinished
    busy -= taken
  }

  /// Forgets what was not begun.
  mutating func stop() {
    queue = []
    idle = []
  }
}
