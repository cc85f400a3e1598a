import CLinux
import Glibc

/// Turns SIGHUP, SIGINT and SIGTERM into calls on a thread of its own.
package enum StopSignals {
  /// Must be called before any other thread starts. A second signal ends the process at once.
  package static func watch(_ request: @escaping @Sendable (Int32) -> Void) {
    var signals = set
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let isWatched = BackgroundThread.start {
      var signals = set
      var number: Int32 = 0
      if sigwait(&signals, &number) == 0 { request(number) }
      if sigwait(&signals, &number) == 0 { _exit(128 + number) }
    }
    // Without the thread, the signals have their default effect.
    if !isWatched { pthread_sigmask(SIG_UNBLOCK, &signals, nil) }
  }

  private static var set: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    // A signal that was ignored from the start, as by nohup(1), is not for us; sigwait(3) would receive it.
    for number in [SIGHUP, SIGINT, SIGTERM] where clinux_is_ignored(number) == 0 {
      sigaddset(&signals, number)
    }
    return signals
  }
}
