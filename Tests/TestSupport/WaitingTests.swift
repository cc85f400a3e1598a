import Foundation
public import Testing

/// Runs the tests of a suite at the same time on threads of their own: they mostly wait for other programs, and would keep
/// the few threads of Swift's pool from other tests.
public struct WaitingTests: SuiteTrait, TestTrait, TestScoping {
  /// Runs a test on a thread of its own.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(OwnThreads()) { try await function() }
  }

  private final class OwnThreads: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }
}

extension Trait where Self == WaitingTests {
  /// Tests that mostly wait for other programs.
  public static var waiting: Self { WaitingTests() }
}
