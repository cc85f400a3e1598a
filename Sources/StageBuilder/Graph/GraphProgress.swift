public import LinuxSystem
import Synchronization

/// What the targets of a graph are doing, for display.
public final class GraphProgress: Sendable {
  /// A target that is being built.
  public struct Row: Sendable {
    /// `BUILD/ARCH/SUBARCH`.
    public let subarch: String
    /// `stage1`.
    public let target: String
    /// What it is doing: `steps/chroot/run`.
    public fileprivate(set) var step = ""
    /// When it started.
    public let began: ContinuousClock.Instant
    /// Of unpacking and capturing.
    public let progress: RunProgress
  }

  /// The state at one moment.
  public struct Snapshot: Sendable {
    /// In the order in which they started.
    public let rows: [Row]
    /// The number of targets that are done or exist.
    public let done: Int
    /// The number of those that failed.
    public let failed: Int
    /// The number of those that are not built, because another one failed.
    public let leftOut: Int
    /// The number of those that did not start yet.
    public let waiting: Int
  }

  private struct State {
    var rows: [(id: Int, row: Row)] = []
    var (done, failed, leftOut, waiting) = (0, 0, 0, 0)
  }

  private let state = Mutex(State())

  /// Nothing to do yet.
  public init() {}

  /// The current state.
  public var snapshot: Snapshot {
    state.withLock {
      Snapshot(
        rows: $0.rows.map(\.row), done: $0.done, failed: $0.failed, leftOut: $0.leftOut, waiting: $0.waiting)
    }
  }

  func begin(_ count: Int) { state.withLock { $0.waiting = count } }

  func start(_ node: BuildNode) {
    let row = Row(
      subarch: node.request.label, target: node.target.name, began: .now, progress: RunProgress())
    state.withLock { state in
      state.waiting -= 1
      state.rows.append((node.id, row))
    }
  }

  func end(_ id: Int, isDone: Bool) {
    state.withLock { state in
      state.rows.removeAll { $0.id == id }
      if isDone { state.done += 1 } else { state.failed += 1 }
    }
  }

  /// Notes that a target is not built.
  func leave() {
    state.withLock { state in
      state.waiting -= 1
      state.leftOut += 1
    }
  }

  /// Lets a context report to the row of a target; its lines name the subarch.
  func watch(_ node: BuildNode, _ context: inout BuildContext) {
    let (id, name, tell) = (node.id, node.target.name, context.tell)
    let prefix = node.request.label
    context.tell = { [self] text in
      let step = text.hasPrefix("\(name): ") ? String(text.dropFirst(name.utf8.count + 2)) : text
      state.withLock { state in
        guard let index = state.rows.firstIndex(where: { $0.id == id }) else { return }
        state.rows[index].row.step = step
      }
      tell("\(prefix): \(text)")
    }
    if let row = state.withLock({ $0.rows.first { $0.id == id }?.row }) { context.progress = row.progress }
  }
}
