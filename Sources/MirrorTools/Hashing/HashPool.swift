/// Which tarballs are hashed together next: a pure decision from sizes.
///
/// Threads take tarballs, hash a part of each side by side and give them back; what is left may go on in any
/// thread. While plenty is queued, those that were begun go on, longest first. Once every tarball could have a
/// lane, those with the most left go first, which lets all end together (McNaughton's rule of 1959 for tasks
/// that may be interrupted).
struct HashPool: Sendable {
  /// What a thread is to hash side by side; nothing when all is done.
  struct Work {
    var files: [OpenTarball] = []
    /// Indices of requests to open and hash beside them.
    var requests: [Int] = []
    /// Whether other threads have nothing to do meanwhile.
    var isAlone = false

    var count: Int { files.count + requests.count }
  }

  /// Requests not yet opened, the longest last.
  private var queue: [(index: Int, size: Int64)]
  private var idle: [OpenTarball] = []
  /// Tarballs that threads have now.
  private var busy = 0
  /// Threads that work at once.
  let threads: Int
  /// Tarballs that a thread hashes side by side, where there are enough.
  let width: Int

  init(_ requests: [(index: Int, size: Int64)], threads: Int, width: Int) {
    queue = requests.sorted { ($0.size, $1.index) < ($1.size, $0.index) }
    self.threads = threads
    self.width = width
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
      } else if let request = queue.popLast() {
        work.requests.append(request.index)
      } else {
        break
      }
    }
    busy += work.count
    return work
  }

  /// Ends a thread's work: it gives back what is not finished, and tells how many it had taken.
  mutating func give(back unfinished: [OpenTarball], of taken: Int) {
    idle += unfinished
    busy -= taken
  }

  /// Forgets what was not begun.
  mutating func stop() {
    queue = []
    idle = []
  }
}
