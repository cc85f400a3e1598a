package import LinuxSystem
package import MirrorTools
import SystemPackage

/// Checks whether this machine can submit jobs, and whether the cluster suits campaigns.
package enum FarmCheck {
  /// The oldest version of Slurm whose programs print what ``SlurmClient`` reads.
  private static let oldest = (22, 5)
  /// Seconds after which the result of a job may be forgotten.
  private static let memory = 86_400

  /// What is wrong.
  ///
  /// - Parameter launcher: begins each command.
  package static func problems(
    _ settings: FarmSettings, launcher: [String] = [], cancellation: Cancellation
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
