import LinuxSystem
import MirrorModel
import MirrorTools

/// A job to submit.
struct JobRequest {
  let mark: JobMark
  let node: FarmNode
  /// The jobs that must end with status 0 before it starts.
  let jobs: [Int]
  /// Seconds; nil for the limit of the partition.
  let time: Int?
  /// Bytes; nil for the default of the cluster.
  let memory: Int64?

  /// The options of sbatch(1).
  ///
  /// Slurm itself never runs it again: the campaign does, with other limits, and counts.
  func options(_ settings: FarmSettings) -> [String] {
    var options = [
      "--parsable", "--no-requeue", "--kill-on-invalid-dep=yes", "--export=LANG", "--output=/dev/null",
      "--chdir=/", "--nodes=1", "--ntasks=1", "--job-name=\(node.jobName)", "--comment=\(mark)",
      "--cpus-per-task=\(settings.processors)",
    ]
    func add(_ option: String, _ value: String?) { if let value { options.append("--\(option)=\(value)") } }
    var dependencies = jobs.isEmpty ? [] : ["afterok:" + jobs.map(String.init).joined(separator: ":")]
    if node.group != nil { dependencies.append("singleton") }
    add("dependency", dependencies.isEmpty ? nil : dependencies.joined(separator: ","))
    // In minutes, and in MiB.
    add("time", time.map { "\(($0 + 59) / 60)" })
    add("mem", memory.map { "\(($0 + (1 << 20) - 1) >> 20)M" })
    let architecture = node.architecture
    add("partition", architecture.flatMap { settings.partitions[$0] } ?? settings.partition)
    add("constraint", architecture.flatMap { settings.constraints[$0] })
    add("account", settings.account)
    add("qos", settings.quality)
    return options + settings.options
  }

  /// The script that runs on the node: it needs nothing but a shell and what the command needs.
  ///
  /// Slurm opens the file for output before the script runs, and fails if its directory is missing; so the script opens it.
  func script(_ settings: FarmSettings) -> [UInt8] {
    let command = node.command.map { ShellWord.quoted(Array($0.utf8)) }.joined(separator: [UInt8(ascii: " ")])
    let head = """
      #!/bin/sh
      # \(mark)
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
      export PATH
      HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
      export HOME
      umask 022
      log=\(LogPlace.quoted(settings.logs))/$SLURM_JOB_ID.log
      mkdir -p "${log%/*}" && exec > "$log" 2>&1
      echo "\(mark) on $(uname -n), $(date -u +%Y-%m-%dT%H:%M:%SZ)"
      exec \n
      """
    return Array(head.dropLast().utf8) + command + [UInt8(ascii: "\n")]
  }
}

/// Where a node keeps the log of a job.
enum LogPlace {
  static func path(_ settings: FarmSettings, job: Int) -> String { "\(settings.logs)/\(job).log" }

  fileprivate static func quoted(_ path: String) -> String {
    String(decoding: ShellWord.quoted(Array(path.utf8)), as: UTF8.self)
  }
}
