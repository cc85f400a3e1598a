package import LinuxSystem
package import MirrorTools
import SystemPackage

/// Checks whether this machine can submit jobs or run them, and whether the cluster suits campaigns.
package enum FarmCheck {
  /// The oldest version of Slurm whose programs print what ``SlurmClient`` reads.
  private static let oldest = (22, 5)
  /// Seconds after which the result of a job may be forgotten.
  private static let memory = 86_400

  /// What is wrong here.
  ///
  /// - Parameters:
  ///   - master: that of a node with a mirror of its own.
  ///   - campaigns: those whose machines may have turned out to be unfit.
  ///   - launcher: begins each command.
  package static func problems(
    _ settings: FarmSettings, master: FarmMaster? = nil, campaigns: [CampaignRecord] = [],
    launcher: [String] = [], cancellation: Cancellation
  ) -> [MirrorError] {
    var problems: [MirrorError] = []
    do throws(MirrorError) {
      if let problem = try munge(launcher, cancellation) { problems.append(problem) }
      if let problem = try master?.problem(cancellation) { problems.append(problem) }
    } catch { problems.append(error) }
    return problems + cluster(settings, launcher, cancellation) + campaigns.flatMap(unfit)
  }

  /// Whether the daemon of munge proves who this machine is.
  private static func munge(
    _ launcher: [String], _ cancellation: Cancellation
  ) throws(MirrorError) -> MirrorError? {
    func problem(_ outcome: HostProgram.Outcome) -> MirrorError {
      MirrorError(
        .invalid, "munge",
        outcome.lastErrors(1).first.map { escaped(Array($0.utf8)) } ?? "does not answer",
        remedy: "start munge, and use the same /etc/munge/munge.key and clock on all machines")
    }
    let made = try HostProgram.run(launcher + ["munge", "-n"], limit: 30, cancellation: cancellation)
    guard made.status == 0 else { return problem(made) }
    let read = try HostProgram.run(
      launcher + ["unmunge"], input: made.output, limit: 30, cancellation: cancellation)
    return read.status == 0 ? nil : problem(read)
  }

  /// The machines on which jobs of a campaign ended because of the machine.
  private static func unfit(_ record: CampaignRecord) -> [MirrorError] {
    guard !record.isFinished else { return [] }
    return record.unfit.sorted { $0.key < $1.key }.map { machine, reason in
      MirrorError(
        .invalid, escaped(Array(machine.utf8)), "cannot build campaign \(record.plan.id): \(reason)",
        remedy: "correct that, and repeat the campaign (\(run: .campaigns))")
    }
  }

  private static func cluster(
    _ settings: FarmSettings, _ launcher: [String], _ cancellation: Cancellation
  ) -> [MirrorError] {
    do throws(SlurmError) {
      let cluster = try SlurmClient(settings, launcher: launcher, cancellation: cancellation).configuration()
      return problems(cluster, settings)
    } catch {
      let missing = error.error.code == .system(.noSuchFileOrDirectory)
      return [
        missing
          ? MirrorError(
            .invalid, "farm/engine", "is slurm, but scontrol is not installed",
            remedy: "install slurm-client (Debian) or sys-cluster/slurm (Gentoo)")
          : error.error
      ]
    }
  }

  /// - Parameter cluster: the settings that `scontrol show config` prints.
  static func problems(_ cluster: [String: String], _ settings: FarmSettings) -> [MirrorError] {
    var problems: [MirrorError] = []
    let version = (cluster["SLURM_VERSION"] ?? "").split(separator: ".").compactMap { Int($0) }
    if version.count >= 2, (version[0], version[1]) < oldest {
      problems.append(
        MirrorError(
          .invalid, "slurm", "is version \(version[0]).\(version[1])", remedy: "use version 22.05 or later"))
    }
    let age = cluster["MinJobAge"].flatMap { $0.split(separator: " ").first }.flatMap { Int($0) }
    let keepsAccounts = cluster["AccountingStorageType"] != "accounting_storage/none"
    if !keepsAccounts, let age, age < memory {
      problems.append(
        MirrorError(
          .invalid, "MinJobAge",
          "is \(age) seconds, and the cluster keeps no accounts: the result of a job is forgotten after this time",
          remedy: "set MinJobAge=\(memory) in slurm.conf(5), or run slurmdbd(8)"))
    }
    if let most = cluster["MaxJobCount"].flatMap({ Int($0) }), settings.slice > most / 2 {
      problems.append(
        MirrorError(
          .invalid, "farm/slice",
          "is \(settings.slice), but the cluster keeps only \(most) jobs, with those that ended",
          remedy: "use at most \(most / 2), or raise MaxJobCount in slurm.conf(5)"))
    }
    return problems
  }
}
