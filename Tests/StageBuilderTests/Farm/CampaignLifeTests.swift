import LinuxSystem
import MirrorTools
import TestSupport
import Testing

@testable import StageBuilder

@Suite("The files of campaigns")
struct CampaignLifeTests {
  private func farm(_ workspace: Workspace, at now: Int64) -> Farm {
    Farm(
      of: workspace.mirror, in: workspace.state, FarmSettings(), cancellation: Cancellation(), now: { now })
  }

  @Test("are kept for 30 days after the end of the campaign, and removed when another one begins")
  func removal() throws {
    let workspace = try Workspace()
    let day: Int64 = 86400
    func begin(_ id: String, day number: Int64) throws -> Campaign {
      try farm(workspace, at: number * day).campaign(of: [FarmNode(id: id, name: id, command: ["true"])])
    }
    func campaigns() throws -> [String] {
      try farm(workspace, at: 0).campaigns().map { try $0.record().plan.nodes[0].id }
    }
    let old = try begin("old", day: 1)
    var done = NodeRecord(since: 2 * day)
    done.enter(.done, at: 2 * day)
    try old.file.append([CampaignRecord.Change(node: "old", record: done)])
    _ = try begin("open", day: 3)
    _ = try begin("second", day: 32)
    #expect(try campaigns() == ["old", "open", "second"])
    _ = try begin("third", day: 33)
    #expect(try campaigns() == ["open", "second", "third"])
  }
}
