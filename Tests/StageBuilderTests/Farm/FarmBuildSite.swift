import Foundation
import MirrorTools
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

/// A farm with the subarches of ``GraphSite``: `generic_64`, `core2` and `remote`.
///
/// Its nodes share the mirror, and work on their own disks. Or each of them has a mirror of its own on its disk, cannot see
/// that of the master, and reaches it by ssh.
struct FarmBuildSite {
  let farm: FarmSite
  let graph: GraphSite
  private let ssh: SSHDaemon?
  var workspace: Workspace { farm.workspace }

  /// - Parameters:
  ///   - text: FlexData added to the configuration.
  ///   - preparation: commands of the shell that a node runs before mirrorctl, which is `"$@"`.
  init(_ text: String, hasOwnMirrors: Bool = false, preparing preparation: String = ":") throws {
    let farm = try FarmSite()
    self.farm = farm
    let path = farm.workspace.path
    let ssh =
      try hasOwnMirrors
      ? SSHDaemon(in: farm.workspace, on: SlurmCluster.head, launcher: farm.cluster.launcher) : nil
    self.ssh = ssh
    let master = ssh.map { ssh in
      """
      [section farm/master]
      to: \(SlurmCluster.head):\(farm.workspace.mirror)
      rsh: \(path)/rsh \(ssh.client)
      retries: 0
      command: env XDG_STATE_HOME=\(farm.workspace.state) MIRRORCTL_CONFIG=\(path)/conf \(Program.path)
      """
    }
    graph = try GraphSite(
      """
      \(text)
      [section farm]
      engine: slurm
      memory: 100M
      retry/wait: 1s
      logs: \(farm.settings.logs)
      command: \(path)/node-mirrorctl
      \(master ?? "")
      """, in: farm.workspace, with: ["core2"])
    let disk = farm.cluster.disk
    let workspace = farm.workspace
    let own = "s|^: \(workspace.mirror)$|: \(disk)/mirror|"
    let hiding = "mount -t tmpfs tmpfs '\(workspace.mirror)'"
    try workspace.shell(
      """
      sed 's|^tmp: .*|tmp: \(disk)/tmp|; \(hasOwnMirrors ? own : "")' conf > node.conf
      cat > node-mirrorctl <<'END'
      #!/bin/sh
      MASTER='\(workspace.mirror)'
      export MIRRORCTL_CONFIG='\(path)/node.conf'
      export XDG_STATE_HOME='\(hasOwnMirrors ? disk.appending("state") : workspace.state)'
      set -- '\(Program.path)' "$@"
      \(preparation)
      exec unshare --mount sh -c '\(hasOwnMirrors ? hiding.replacing("'", with: "") : ":") && exec "$@"' sh "$@"
      END
      # What replaces ssh, and does not send while there is a file `blocked`.
      cat > rsh <<'END'
      #!/bin/sh
      case "$*" in *--server*) case "$*" in *--sender*) ;; *) ! [ -e '\(path)/blocked' ] || exit 255 ;; esac ;; esac
      exec "$@"
      END
      chmod +x rsh node-mirrorctl
      """)
  }

  /// Runs a verb on the login node.
  func run(_ arguments: String...) throws -> Outcome { try run(arguments) }

  /// Runs a verb on the login node.
  func run(_ arguments: [String]) throws -> Outcome {
    try workspace.run(
      farm.cluster.launcher + ["env", "MIRRORCTL_CONFIG=\(workspace.path)/conf", Program.path.string]
        + arguments)
  }

  /// The newest campaign.
  func record() throws -> CampaignRecord { try #require(try farm.farm.campaigns().last).record() }

  /// Moves all campaigns on until they are finished; returns how the targets of the last one ended.
  ///
  /// - Parameter isSmooth: whether each job must have a result.
  func finish(isSmooth: Bool = true) throws -> [String: String] {
    let run = try run("farm", "run", "--interval", "1s")
    let record = try record()
    let states = record.plan.nodes.map { ($0.name, record[$0].phase.rawValue) }
    if isSmooth { for node in record.plan.nodes { #expect(record[node].cuts.isEmpty, "\(run.text)") } }
    return Dictionary(uniqueKeysWithValues: states)
  }

  /// The logs of the last jobs of targets that are not done, for messages.
  func logs() throws -> String {
    let campaign = try #require(try farm.farm.campaigns().last)
    let record = try campaign.record()
    return record.plan.nodes.filter { record[$0].phase != .done && record[$0].job != nil }.map { node in
      let log = (try? campaign.log(of: node)).map { String(decoding: $0, as: UTF8.self) } ?? "no log"
      return "\(node.name): \(record[node].detail ?? "")\n\(log)"
    }.joined(separator: "\n")
  }

  /// Lets jobs start, or not.
  func open(_ isOpen: Bool) throws {
    try farm.cluster.run("scontrol", "update", "partitionname=normal", "state=\(isOpen ? "up" : "down")")
  }

  /// Lets no jobs start on a node.
  func drain(_ nodes: String) throws {
    try farm.cluster.run("scontrol", "update", "nodename=\(nodes)", "state=drain", "reason=test")
  }
}
