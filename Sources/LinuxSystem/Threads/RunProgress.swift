import Synchronization

/// The progress of a long step, for display.
public final class RunProgress: Sendable {
  private struct Step {
    var name = ""
    var bytes: Int64 = 0
    var files: Int64 = 0
    var began = ContinuousClock.now
    /// What the step waits for, and since when; nil if it goes on.
    var pause: (text: String, began: ContinuousClock.Instant)?
    /// Parts that work side by side.
    var parts: [(name: String, progress: RunProgress)] = []
  }

  private let doneBytes = Atomic<Int64>(0)
  private let doneFiles = Atomic<Int64>(0)
  private let step = Mutex(Step())

  /// Nothing to do yet.
  public init() {}

  /// Begins a step with this many bytes and files; 0 if the number is not known.
  public func begin(_ name: String, bytes: Int64, files: Int) {
    step.withLock { step in
      (step.name, step.bytes, step.files, step.began) = (name, bytes, Int64(files), .now)
    }
    doneBytes.store(0, ordering: .relaxed)
    doneFiles.store(0, ordering: .relaxed)
  }

  /// Ends the step: there is nothing to show.
  public func end() { begin("", bytes: 0, files: 0) }

  /// Shows what the step waits for while `body` waits.
  package func pausing<Value, Failure>(
    _ text: String, _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    step.withLock { $0.pause = (text, .now) }
    defer { step.withLock { $0.pause = nil } }
    return try body()
  }

  /// The progress of a part of the step; it is shown with those of other parts until `body` has ended.
  package func withPart<Value, Failure>(
    _ name: String, _ body: (RunProgress) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let part = RunProgress()
    step.withLock { $0.parts.append((name, part)) }
    defer { step.withLock { step in step.parts.removeAll { $0.progress === part } } }
    return try body(part)
  }

  /// Adds finished bytes; from any thread.
  public func add(bytes: Int) { doneBytes.wrappingAdd(Int64(bytes), ordering: .relaxed) }

  /// Sets the number of finished bytes; from any thread.
  package func set(bytes: Int64) { doneBytes.store(bytes, ordering: .relaxed) }

  package func addFile() { doneFiles.wrappingAdd(1, ordering: .relaxed) }

  /// The progress at one moment.
  public struct Snapshot: Sendable {
    /// The current step, such as `hashing`; empty between steps.
    public let step: String
    /// When it began.
    public let began: ContinuousClock.Instant
    /// Finished and total bytes.
    public let bytes: (done: Int64, total: Int64)
    /// Finished and total files.
    public let files: (done: Int64, total: Int64)

    package init(
      step: String, began: ContinuousClock.Instant, bytes: (done: Int64, total: Int64) = (0, 0),
      files: (done: Int64, total: Int64) = (0, 0)
    ) {
      (self.step, self.began, self.bytes, self.files) = (step, began, bytes, files)
    }
  }

  /// The current progress.
  public var snapshot: Snapshot {
    let step = step.withLock { $0 }
    if let pause = step.pause { return Snapshot(step: pause.text, began: pause.began) }
    if !step.parts.isEmpty { return Self.sum(step) }
    return Snapshot(
      step: step.name, began: step.began, bytes: (doneBytes.load(ordering: .relaxed), step.bytes),
      files: (doneFiles.load(ordering: .relaxed), step.files))
  }

  /// The progress of several parts: their names, and the sum of their bytes.
  private static func sum(_ step: Step) -> Snapshot {
    let parts = step.parts.map { (name: $0.name, now: $0.progress.snapshot) }
    if let only = parts.first, parts.count == 1, !only.now.step.isEmpty {
      return Snapshot(
        step: "\(only.name): \(only.now.step)", began: only.now.began, bytes: only.now.bytes,
        files: only.now.files)
    }
    let bytes = parts.reduce(into: (done: Int64(0), total: Int64(0))) { sum, part in
      sum = (sum.done &+ part.now.bytes.done, sum.total &+ part.now.bytes.total)
    }
    let names = step.parts.map { part in
      let pause = part.progress.step.withLock { $0.pause?.text }
      return part.name + (pause.map { " (\($0))" } ?? "")
    }.joined(separator: ", ")
    return Snapshot(step: "\(step.name) \(names)", began: step.began, bytes: bytes)
  }
}
