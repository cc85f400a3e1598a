import ArgumentParser
import LinuxSystem

/// How many targets are built at once, what each of them gets of the machine, and where it goes on.
struct BuildShare {
  /// The number of targets.
  var jobs = 1
  /// The number of threads that compress and decompress a target.
  let threads: Int
  /// The number of jobs of make.
  let makeJobs: Int
  /// Whether a target goes on in a kept work directory.
  var resumes = false

  /// - Parameter threads: nil to share out the CPUs.
  init(jobs: Int = 1, threads: Int? = nil) {
    let share = max(1, Workers.processors / jobs)
    self.jobs = jobs
    self.threads = threads ?? share
    // One more job than CPUs keeps them busy while it waits for the disk. Beside other targets it is not needed.
    makeJobs = jobs == 1 ? share + 1 : share
  }
}

/// Options of `build` that `snapshot` lacks.
struct BuildShareOptions: ParsableArguments {
  @Option(
    name: [.customShort("j", allowingJoined: true), .long], in: 1...1024,
    help: ArgumentHelp("Number of targets to build at once (default: 1).", valueName: "n"))
  var jobs = 1

  @Option(
    in: 1...1024,
    help: ArgumentHelp(
      "Number of threads that compress each target (default: CPUs divided by --jobs).", valueName: "n"))
  var threads: Int?

  @Flag(name: .long, help: "Go on in a kept work directory, from the step that failed; implies --keep-work.")
  var resume = false

  var share: BuildShare {
    var share = BuildShare(jobs: jobs, threads: threads)
    share.resumes = resume
    return share
  }
}
