import Foundation
import LinuxSystem
import MirrorTools
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

/// A mirror whose targets run on a cluster of Slurm.
struct FarmSite {
  static let isPossible = SlurmCluster.isPossible
  static let reason: Comment = "needs root and slurmctld, slurmd and munge"
  static let isSoak = ProcessInfo.processInfo.environment["MIRRORCTL_SOAK"] == "full"

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
      of: workspace.mirror, in: workspace.state, settings, launcher: cluster.launcher,
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

  /// Moves a campaign on until a condition holds.
  func step(_ campaign: Campaign, until what: String, _ condition: (CampaignRecord) -> Bool) throws {
    try cluster.wait(what) { condition(try campaign.step()) }
  }
}

@Suite("A farm on Slurm", .enabled(if: FarmSite.isPossible, FarmSite.reason))
struct FarmTests {
  @Test("runs the targets of a graph on its nodes, each after those that it needs")
  func graph() throws {
    let site = try FarmSite()
    // Three snapshots, three stages each in a row.
    let targets = (1...3).flatMap { row in
      [site.target("snapshot\(row)")]
        + (1...3).map {
          site.target("stage\($0)-\(row)", after: [$0 == 1 ? "snapshot\(row)" : "stage\($0 - 1)-\(row)"])
        }
    }
    let campaign = try site.farm.campaign(of: targets.reversed())
    let record = try campaign.run(every: 100)
    #expect(Set(site.phases(record).values) == [.done])
    let order = site.ran.map { $0[0] }
    #expect(order.sorted() == targets.map(\.id).sorted())
    for target in targets {
      for need in target.needs {
        #expect(try #require(order.firstIndex(of: need)) < #require(order.firstIndex(of: target.id)))
      }
    }
    #expect(Set(site.ran.map { $0[1] }).isSubset(of: ["node1", "node2", "node3"]))
    // Their logs are on their nodes only.
    let last = try #require(targets.last)
    let log = try campaign.log(of: last)
    #expect(String(decoding: log, as: UTF8.self).contains("mirrorctl:\(campaign.id):\(last.id):1 on node"))
  }
}
