import Synchronization

/// How far a long step is; read by whoever shows it.
public final class RunProgress: Sendable {
  private let doneBytes = Atomic<Int64>(0)
  private let doneFiles = Atomic<Int64>(0)
  private let totals = Mutex<(step: String, bytes: Int64, files: Int64)>(("", 0, 0))

  /// Nothing to do yet.
  public init() {}

  /// Begins a step of so many bytes and files.
  public func begin(_ step: String, bytes: Int64, files: Int) {
    totals.withLock { $0 = (step, bytes, Int64(files)) }
    doneBytes.store(0, ordering: .relaxed)
    doneFiles.store(0, ordering: .relaxed)
  }

  /// Ends the step: nothing is left to show.
  public func end() { begin("", bytes: 0, files: 0) }

  /// Tells of bytes just done; from any thread.
  public func add(bytes: Int) { doneBytes.wrappingAdd(Int64(bytes), ordering: .relaxed) }

  /// Tells of all bytes that are done so far; from any thread.
  package func set(bytes: Int64) { doneBytes.store(bytes, ordering: .relaxed) }

  package func addFile() { doneFiles.wrappingAdd(1, ordering: .relaxed) }

  /// A moment's view.
  public struct Snapshot: Sendable {
    /// What is being done, `hashing`; empty between steps.
    public let step: String
    /// Bytes done and in all.
    public let bytes: (done: Int64, total: Int64)
    /// Files done and in all.
    public let files: (done: Int64, total: Int64)
  }

  /// Where the step stands.
  public var snapshot: Snapshot {
    let totals = totals.withLock { $0 }
    return Snapshot(
      step: totals.step, bytes: (doneBytes.load(ordering: .relaxed), totals.bytes),
      files: (doneFiles.load(ordering: .relaxed), totals.files))
  }
}
