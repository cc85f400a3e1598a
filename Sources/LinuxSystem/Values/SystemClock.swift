// CLinux as well: its headers also declare `timespec`, and the compiler may require either module.
import CLinux
import Glibc

/// The kernel's clocks.
package enum SystemClock {
  /// Seconds since the epoch.
  package static var seconds: Int64 { Int64(time(nil)) }

  /// Nanoseconds since the epoch.
  package static var nanoseconds: Int64 {
    let now = read(CLOCK_REALTIME)
    return Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
  }

  /// Nanoseconds of a clock that cannot be set.
  package static var monotonic: UInt64 {
    let now = read(CLOCK_MONOTONIC)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
  }

  /// Whether a time service keeps the clock right; nil if the kernel does not tell.
  package static var isSynchronized: Bool? {
    let answer = clinux_clock_is_synchronized()
    return answer < 0 ? nil : answer == 1
  }

  /// Suspends the calling thread; a signal may end this early.
  package static func pause(microseconds: UInt32) { usleep(microseconds) }

  private static func read(_ clock: clockid_t) -> timespec {
    var now = timespec()
    clock_gettime(clock, &now)
    return now
  }
}

/// Calendar days, computed by the C library, which knows the time zones.
package enum CivilDay {
  /// A calendar year, a month from 1 to 12, a day from 1.
  package typealias Parts = (year: Int, month: Int, day: Int)

  /// The day, in the local time zone (TZ), of a time in seconds since the epoch.
  package static func local(_ seconds: Int64) -> Parts { parts(seconds, localtime_r) }

  /// The day, in UTC, of a time in seconds since the epoch.
  package static func utc(_ seconds: Int64) -> Parts { parts(seconds, gmtime_r) }

  /// The start of a day in the local time zone, in seconds since the epoch.
  package static func localStart(_ day: Parts) -> Int64 {
    var local = tm()
    local.tm_year = Int32(clamping: day.year - 1900)
    local.tm_mon = Int32(clamping: day.month - 1)
    local.tm_mday = Int32(clamping: day.day)
    local.tm_isdst = -1
    return Int64(mktime(&local))
  }

  private static func parts(
    _ seconds: Int64, _ split: (UnsafePointer<time_t>, UnsafeMutablePointer<tm>) -> UnsafeMutablePointer<tm>?
  ) -> Parts {
    var clock = time_t(seconds)
    var parts = tm()
    _ = split(&clock, &parts)
    return (Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday))
  }
}
