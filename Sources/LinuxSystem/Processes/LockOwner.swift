import Glibc
import SystemPackage

/// The process that wrote a lock, on one of the machines that share its file system.
///
/// The text of a lock is the number of the process, as in Metro's locks, and on a second line the name of the host, the
/// identity of its boot (`random(4)`), and the job of Slurm, or `-`.
package struct LockOwner: Hashable, Sendable, CustomStringConvertible {
  /// A machine from its start to its end.
  struct Machine: Hashable, Sendable {
    let host: String
    let boot: String

    static let current = Machine(
      host: HostName.current,
      boot: ProcFile.text("/proc/sys/kernel/random/boot_id").map { $0.filter { $0 != "\n" } } ?? "-")
  }

  package let pid: Int32
  /// nil in locks of Metro and of mirrorctl 0.1.0, whose machine is this one.
  let machine: Machine?
  /// The job of Slurm in which the process runs; nil if there is none.
  let job: Int?

  /// This process.
  package static let own = LockOwner(
    pid: getpid(), machine: .current, job: OwnProgram.variable("SLURM_JOB_ID").flatMap { Int($0) })

  init(pid: Int32, machine: Machine?, job: Int? = nil) {
    self.pid = pid
    self.machine = machine
    self.job = job
  }

  /// From the text of a lock; nil if it does not begin with the number of a process.
  package init?(_ text: [UInt8]) {
    let lines = String(decoding: text, as: UTF8.self).split(
      separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    guard let pid = lines.first?.split(whereSeparator: \.isWhitespace).first.flatMap({ Int32($0) }) else {
      return nil
    }
    let words = lines.dropFirst().first?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
    self.init(
      pid: pid, machine: words.count >= 2 ? Machine(host: words[0], boot: words[1]) : nil,
      job: words.count >= 3 ? Int(words[2]) : nil)
  }

  /// The text of a lock.
  package var text: [UInt8] {
    let place = machine.map { "\($0.host) \($0.boot) \(job.map(String.init) ?? "-")\n" } ?? ""
    return Array("\(pid)\n\(place)".utf8)
  }

  /// Whether it is a process of another machine.
  package var isElsewhere: Bool { machine.map { $0.host != Machine.current.host } ?? false }

  /// Whether this machine was started again since then; false if that is not known, because `/proc` is not mounted.
  var isOfEarlierBoot: Bool {
    guard let machine, machine.host == Machine.current.host else { return false }
    return ![machine.boot, Machine.current.boot].contains("-") && machine.boot != Machine.current.boot
  }

  /// For people: `pid 123`, or `pid 123 on node2`.
  package var description: String {
    guard isElsewhere, let machine else { return "pid \(pid)" }
    return escaped(Array("pid \(pid) on \(machine.host)\(job.map { ", job \($0)" } ?? "")".utf8))
  }
}
