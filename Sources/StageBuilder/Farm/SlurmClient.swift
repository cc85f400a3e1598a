package import LinuxSystem
package import MirrorTools

/// Slurm, by its programs.
package struct SlurmClient: Sendable {
  /// The maximum number of jobs in one command line.
  private static let most = 500
  /// Seconds until a program is ended; longer than the usual timeouts of Slurm.
  private static let limit = 60

  private let settings: FarmSettings
  /// Begins each command, to run it where the programs of Slurm are.
  private let launcher: [String]
  private let cancellation: Cancellation

  package init(_ settings: FarmSettings, launcher: [String] = [], cancellation: Cancellation) {
    self.settings = settings
    self.launcher = launcher
    self.cancellation = cancellation
  }

  /// Submits a job; returns its number.
  func submit(_ request: JobRequest) throws(SlurmError) -> Int {
    let output = try run(["sbatch"] + request.options(settings), input: request.script(settings))
    // With several clusters, the name of the cluster follows a semicolon.
    let text = String(decoding: output.prefix(100), as: UTF8.self)
    guard let number = Int(text.prefix { $0.isASCII && $0.isNumber }) else {
      throw .failed(
        MirrorError(
          .invalid, "sbatch", "did not print the number of a job: \(escaped(Array(text.utf8)))",
          remedy: "run it by hand"))
    }
    return number
  }

  /// The jobs of a campaign that Slurm still knows, the ended ones among them.
  func jobs(of campaign: String) throws(SlurmError) -> [SlurmJob] {
    let output = try run([
      "squeue", "--me", "--all", "--states=all", "--noheader", "--Format=\(SlurmJob.queueFormat)",
    ])
    return output.split(separator: UInt8(ascii: "\n")).compactMap { line in
      SlurmJob(queueLine: String(decoding: line, as: UTF8.self))
    }.filter { $0.mark.campaign == campaign }
  }

  /// How jobs ended that the controller forgot; empty if the cluster keeps no accounts.
  func pastJobs(_ wanted: [Int: (mark: JobMark, name: String)]) throws(SlurmError) -> [SlurmJob] {
    var jobs: [SlurmJob] = []
    for numbers in Self.parts(wanted.keys.sorted()) {
      let output: [UInt8]
      do throws(SlurmError) {
        output = try run([
          "sacct", "--noheader", "--parsable2", "--allocations", "--format=\(SlurmJob.accountingFormat)",
          "--jobs=\(Self.list(numbers))",
        ])
      } catch {
        guard error.isComplaint else { throw error }
        return []
      }
      jobs += output.split(separator: UInt8(ascii: "\n")).compactMap { line in
        SlurmJob(accountingLine: String(decoding: line, as: UTF8.self), wanted)
      }
    }
    return jobs
  }

  /// Ends jobs; those that ended already are ignored.
  func cancel(_ numbers: [Int]) throws(SlurmError) {
    for numbers in Self.parts(numbers) {
      do throws(SlurmError) { _ = try run(["scancel"] + numbers.map(String.init)) } catch {
        // It complains about jobs that ended meanwhile; the next look at the queue shows what is left.
        guard error.isComplaint else { throw error }
      }
    }
  }

  /// The last bytes of the log of a job, which its node keeps.
  ///
  /// - Parameters:
  ///   - machine: where the job runs or ran.
  ///   - isRunning: whether to look from within the job, which needs no free CPU.
  func log(of number: Int, on machine: String, isRunning: Bool, bytes: Int) throws(SlurmError) -> [UInt8] {
    let place =
      isRunning
      ? ["--jobid=\(number)", "--overlap", "--mem=0"]
      : ["--nodelist=\(machine)", "--immediate=30", "--mem=64M"]
    return try run(
      ["srun", "--quiet", "--chdir=/", "--export=LANG", "--nodes=1", "--ntasks=1"] + place
        + ["/usr/bin/tail", "-c", "\(bytes)", LogPlace.path(settings, job: number)])
  }

  /// Settings of the cluster, by name, as `scontrol show config` prints them.
  package func configuration() throws(SlurmError) -> [String: String] {
    let text = String(decoding: try run(["scontrol", "show", "config"]), as: UTF8.self)
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1).map {
        $0.split(separator: " ").joined(separator: " ")
      }
      if parts.count == 2 { values[parts[0]] = parts[1] }
    }
    return values
  }

  private static func parts(_ numbers: [Int]) -> [ArraySlice<Int>] {
    stride(from: 0, to: numbers.count, by: most).map { numbers[$0..<min($0 + most, numbers.count)] }
  }

  private static func list(_ numbers: ArraySlice<Int>) -> String {
    numbers.map(String.init).joined(separator: ",")
  }

  private func run(_ command: [String], input: [UInt8] = []) throws(SlurmError) -> [UInt8] {
    let program = command.first ?? ""
    let outcome: HostProgram.Outcome
    do throws(MirrorError) {
      outcome = try HostProgram.run(
        launcher + command, input: input, environment: ["LC_ALL": "C.UTF-8"], leads: true, limit: Self.limit,
        cancellation: cancellation)
    } catch {
      throw .failed(error)
    }
    guard outcome.status == 0, !outcome.isLate else { throw SlurmError(outcome, of: program) }
    return outcome.output
  }
}
