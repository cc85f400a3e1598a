import Foundation
import LinuxSystem
import MirrorTools
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

/// A mirror whose targets run on a cluster of Slurm.
struct FarmSite {
  static let isPossible = SlurmCluster.isPossible
  static let reason: Comment = "needs root and slurmctld, slurmd and munge"

  let workspace: Workspace
  let cluster: SlurmCluster
  let cancellation = Cancellation()
  var settings = FarmSettings()

  init(_ lines: [String] = []) throws {
    workspace = try Workspace()
    cluster = try SlurmCluster(lines, in: workspace)
    settings.logs = cluster.disk.appending("logs").string
    settings.memory = 100 << 20
    settings.time = 600
  }

  var farm: Farm {
    Farm(
      of: workspace.mirror, in: workspace.state.appending("mirrorctl"), settings, launcher: cluster.launcher,
      cancellation: cancellation)
  }

  /// A target that appends its name and its node to a file, and ends with a status.
  func target(_ id: String, after needs: [String] = [], _ script: String = "true") -> FarmNode {
    let file = workspace.path.appending("ran")
    return FarmNode(
      id: id, name: "target \(id)", command: ["sh", "-c", "echo \(id) $(uname -n) >> '\(file)'; \(script)"],
      needs: needs)
  }

  /// What ran, in order: the target and its node.
  var ran: [[String]] {
    let text = try? String(contentsOfFile: workspace.path.appending("ran").string, encoding: .utf8)
    return (text ?? "").split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  /// The phase of each node.
  func phases(_ record: CampaignRecord) -> [String: NodeRecord.Phase] {
    Dictionary(uniqueKeysWithValues: record.plan.nodes.map { ($0.id, record[$0].phase) })
  }

  func record(_ id: String, in campaign: Campaign) throws -> NodeRecord {
    let record = try campaign.record()
    return record[try #require(record.plan.nodes.first { $0.id == id })]
  }

  /// Moves a campaign on until it is finished; returns the phase of each target.
  func finish(_ campaign: Campaign, absent: (MirrorError) -> Void = { _ in }) throws -> [String: NodeRecord
    .Phase]
  {
    let record = try #require(try farm.run([campaign], every: 100, absent: absent).first)
    return phases(record)
  }

  /// The numbers of all jobs that Slurm knows.
  func jobs() throws -> [String] {
    try cluster.run("squeue", "--states=all", "-h", "-o", "%A").split(separator: "\n").map(String.init)
  }

  /// Moves a campaign on until a condition holds.
  func step(_ campaign: Campaign, until what: String, _ condition: (CampaignRecord) -> Bool) throws {
    try cluster.wait(what) { condition(try campaign.step()) }
  }
}
