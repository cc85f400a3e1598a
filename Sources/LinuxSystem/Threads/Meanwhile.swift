/// Two functions at the same time.
package enum Meanwhile {
  /// Calls `other` on a thread of its own while `body` runs on this one, and waits for both.
  ///
  /// - Throws: the error of `body`, or else that of `other`.
  package static func run<First, Second: Sendable>(
    _ other: @escaping @Sendable () throws(MirrorError) -> Second,
    while body: () throws(MirrorError) -> First
  ) throws(MirrorError) -> (First, Second) {
    let outcome = Monitor<Result<Second, MirrorError>?>(nil)
    let work = { @Sendable in
      let result: Result<Second, MirrorError>
      do throws(MirrorError) { result = .success(try other()) } catch { result = .failure(error) }
      outcome.withLock { $0 = .some(result) }
    }
    // Without another thread, one follows the other.
    if !BackgroundThread.start(work) { work() }
    let first: Result<First, MirrorError>
    do throws(MirrorError) { first = .success(try body()) } catch { first = .failure(error) }
    let second = outcome.wait { $0 }
    return (try first.get(), try second.get())
  }
}
