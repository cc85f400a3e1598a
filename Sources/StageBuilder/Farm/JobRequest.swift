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
  /// Seconds before it may start.
  var wait = 0
  /// What the machine needs to know about the campaign.
  var terms = JobTerms()

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
    add("begin", wait > 0 ? "now+\(wait)" : nil)
    add("mem", memory.map { "\(($0 + (1 << 20) - 1) >> 20)M" })
    let architecture = node.architecture
    add("partition", architecture.flatMap { settings.partitions[$0] } ?? settings.partition)
    add("constraint", architecture.flatMap { settings.constraints[$0] })
    add("account", settings.account)
    add("qos", settings.quality)
    return options + settings.options + exclusion(settings)
  }

  /// The machines on which it must not run; replaces the option of the configuration, and contains its machines.
  private func exclusion(_ settings: FarmSettings) -> [String] {
    guard !terms.unfit.isEmpty else { return [] }
    let prefix = "--exclude="
    let others = settings.options.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    return [prefix + (others + terms.unfit).joined(separator: ",")]
  }

  /// The script that runs on the node: it needs nothing but a shell and what the command needs.
  ///
  /// Slurm opens the file for output before the script runs, and fails if its directory is missing; so the script opens it.
  func script(_ settings: FarmSettings) -> [UInt8] {
    let command = terms.task.map { settings.command + ["farm", "work", "\($0)"] } ?? node.command
    let explained = (FarmJobState.unfitStatuses + [FarmJobState.transfer]).map(String.init)
    let text = """
      #!/bin/sh
      # \(mark)
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
      export PATH
      HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
      export HOME
      umask 022
      log=\(Self.quoted([settings.logs]))/$SLURM_JOB_ID.log
      mkdir -p "${log%/*}" && exec > "$log" 2>&1
      echo "\(mark) on $(uname -n), $(date -u +%Y-%m-%dT%H:%M:%SZ)"
      status=\(FarmJobState.unfit)
      \(fitness(settings)) && { \(Self.quoted(command)); status=$?; }
      case $status in \(explained.joined(separator: " | ")))
        # The submit host reads the reason in the comment.
        reason=$(tail -n 1 "$log" | sed 's/^mirrorctl: //' | tr -dc 'A-Za-z0-9 .,:/_-' | cut -c 1-200)
        scontrol update "jobid=$SLURM_JOB_ID" "comment=\(mark):$reason"
      esac
      exit $status

      """
    return Array(text.utf8)
  }

  /// A condition of the shell: whether mirrorctl on the machine is not older than that of the campaign.
  private func fitness(_ settings: FarmSettings) -> String {
    guard node.build != nil, let version = terms.version else { return "true" }
    let program = Self.quoted(settings.command)
    return """
      { found=$(\(program) --version) || { echo 'mirrorctl cannot be run'; false; }; } &&
        { [ "$(printf '%s\\n' "$found" \(version) | sort -V | head -n 1)" = \(version) ] ||
          { echo "mirrorctl $found is older than \(version)"; false; }; }
      """
  }

  private static func quoted(_ words: [String]) -> String {
    words.map { String(decoding: ShellWord.quoted(Array($0.utf8)), as: UTF8.self) }.joined(separator: " ")
  }
}

/// What the machine of a job needs to know about its campaign, and the campaign about machines.
struct JobTerms: Hashable {
  /// The target as the master knows it, if the machine has a mirror of its own; nil if it shares that of the master.
  var task: FarmTask?
  /// The oldest version of mirrorctl that may build it; nil for any.
  var version: String?
  /// Machines that cannot build it.
  var unfit: [String] = []
}

/// Where a node keeps the log of a job.
enum LogPlace {
  static func path(_ settings: FarmSettings, job: Int) -> String { "\(settings.logs)/\(job).log" }
}
