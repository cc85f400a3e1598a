import Glibc

/// Checks whether the process that wrote a lock is still running.
public struct ProcessProbe: Sendable {
  private let isAlive: @Sendable (_ pid: Int32, _ lockWritten: Int64) -> Bool

  /// `lockWritten` is the lock's mtime, in seconds since the epoch.
  public init(_ isAlive: @escaping @Sendable (_ pid: Int32, _ lockWritten: Int64) -> Bool) {
    self.isAlive = isAlive
  }

  /// Asks the kernel. A process that started after the lock was written only reuses the process id.
  public static let system = ProcessProbe { pid, lockWritten in
    guard pid > 0, kill(pid, 0) == 0 || errno == EPERM else { return false }
    guard let started = startTime(of: pid) else { return true }
    return started <= lockWritten + 2
  }

  package func callAsFunction(_ pid: Int32, lockWritten: Int64) -> Bool { isAlive(pid, lockWritten) }

  /// Seconds since the epoch; source: proc(5), `/proc/PID/stat` field 22 and `btime` of `/proc/stat`.
  private static func startTime(of pid: Int32) -> Int64? {
    guard let stat = ProcFile.text("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let ticks = Int64(fields[19]), let system = ProcFile.text("/proc/stat"),
      let line = system.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
      let boot = Int64(line.dropFirst(6))
    else { return nil }
    return boot + ticks / max(1, Int64(sysconf(Int32(_SC_CLK_TCK))))
  }
}
