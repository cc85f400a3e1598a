import ArgumentParser
import LinuxSystem

/// How many targets are built at once, and what each of them gets of the machine.
struct BuildShare {
  /// The number of targets.
  var jobs = 1
  /// The number of threads that compress and decompress a target.
  let threads: Int
  /// The number of jobs of make.
  let makeJobs: Int

  /// - Parameter threads: nil to share out the CPUs.
  init(jobs: Int = 1, threads: Int? = nil) {
    let share = max(1, Workers.processors / jobs)
    self.jobs = jobs
    self.threads = threads ?? share
    // One more job than CPUs keeps them busy while it waits for the disk. Beside other targets it is not needed.
    makeJobs = jobs == 1 ? share + 1 : share
  }
}

/// Options of `build` about targets that are built at once.
struct BuildShareOptions: ParsableArguments {
  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help: ArgumentHelp("Number of targets to build at once.", valueName: "n"))
  var jobs = 1

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Number of threads that compress each target (default: CPUs divided by --jobs).", valueName: "n"))
  var threads: Int?

  func validate() throws {
    guard (1...1024).contains(jobs) else { throw ValidationError("--jobs must be between 1 and 1024.") }
    guard (1...1024).contains(threads ?? 1) else {
      throw ValidationError("--threads must be between 1 and 1024.")
    }
  }

  var share: BuildShare { BuildShare(jobs: jobs, threads: threads) }
}
