import Synchronization

/// The progress of a long step, for display.
public final class RunProgress: Sendable {
  private let doneBytes = Atomic<Int64>(0)
  private let doneFiles = Atomic<Int64>(0)
  private let totals = Mutex<(step: String, bytes: Int64, files: Int64)>(("", 0, 0))

  /// Nothing to do yet.
  public init() {}

  /// Begins a step with this many bytes and files.
  public func begin(_ step: String, bytes: Int64, files: Int) {
    totals.withLock { $0 = (step, bytes, Int64(files)) }
    doneBytes.store(0, ordering: .relaxed)
    doneFiles.store(0, ordering: .relaxed)
  }

  /// Ends the step: there is nothing to show.
  public func end() { begin("", bytes: 0, files: 0) }

  /// Adds finished bytes; from any thread.
  public func add(bytes: Int) { doneBytes.wrappingAdd(Int64(bytes), ordering: .relaxed) }

  /// Sets the number of finished bytes; from any thread.
  package func set(bytes: Int64) { doneBytes.store(bytes, ordering: .relaxed) }

  package func addFile() { doneFiles.wrappingAdd(1, ordering: .relaxed) }

  /// The progress at one moment.
  public struct Snapshot: Sendable {
    /// The current step, such as `hashing`; empty between steps.
    public let step: String
    /// Finished and total bytes.
    public let bytes: (done: Int64, total: Int64)
    /// Finished and total files.
    public let files: (done: Int64, total: Int64)
  }

  /// The current progress.
  public var snapshot: Snapshot {
    let totals = totals.withLock { $0 }
    return Snapshot(
      step: totals.step, bytes: (doneBytes.load(ordering: .relaxed), totals.bytes),
      files: (doneFiles.load(ordering: .relaxed), totals.files))
  }
}
