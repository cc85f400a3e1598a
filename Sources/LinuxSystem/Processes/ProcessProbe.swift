import Glibc

/// Checks whether the process that wrote a lock is still running.
public struct ProcessProbe: Sendable {
  private let isAlive: @Sendable (_ pid: Int32, _ lockWritten: Int64) -> Bool
  private let hasEnded: @Sendable (_ job: Int) -> Bool

  /// - Parameters:
  ///   - isAlive: whether a process of this machine runs; `lockWritten` is the lock's mtime, in seconds since the epoch.
  ///   - hasEnded: whether a job of Slurm is known to have ended.
  public init(
    _ isAlive: @escaping @Sendable (_ pid: Int32, _ lockWritten: Int64) -> Bool,
    hasEnded: @escaping @Sendable (_ job: Int) -> Bool = { _ in false }
  ) {
    self.isAlive = isAlive
    self.hasEnded = hasEnded
  }

  /// Asks the kernel, and Slurm about other machines. A process that started after the lock was written only reuses the
  /// process id.
  public static var system: ProcessProbe {
    let jobs = SlurmJobProbe()
    return ProcessProbe(
      { pid, lockWritten in
        guard pid > 0, kill(pid, 0) == 0 || errno == EPERM else { return false }
        guard let started = startTime(of: pid) else { return true }
        return started <= lockWritten + 2
      }, hasEnded: { jobs.hasEnded($0) })
  }

  /// Whether the owner of a lock still runs. That of another machine does until Slurm says that its job ended; nothing
  /// of this machine survives its restart.
  package func callAsFunction(_ owner: LockOwner, lockWritten: Int64) -> Bool {
    if owner.isElsewhere { return owner.job.map { !hasEnded($0) } ?? true }
    return !owner.isOfEarlierBoot && isAlive(owner.pid, lockWritten)
  }

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
