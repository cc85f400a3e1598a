import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("What a farm builds")
struct FarmStatusTests {
  /// A mirror with a campaign that is not finished: two targets of one subarch, and one of another.
  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    let node = #"{"id":"%","name":"%","command":["mirrorctl"],"needs":[],"group":"^"}"#
    let nodes = [
      "gen/amd64/one/2026-11-22/stage1", "gen/amd64/one/2026-11-22/stage3", "gen/amd64/two/2026-11-22/stage1",
    ]
    .map { id in
      node.replacing("%", with: id).replacing("^", with: String(id.prefix("gen/amd64/one".count)))
    }
    let (running, waiting) = (
      #""phase":"running","tries":2,"job":7,"machine":"node2","cuts":{"lost":1}"#,
      #""phase":"waiting","tries":0,"cuts":{}"#
    )
    try workspace.shell(
      """
      mkdir -p mirror/gen/amd64/one/2026-11-21 mirror/gen/amd64/two/2026-11-21 state/mirrorctl/farm/camp-1
      for name in one two; do
        cd mirror/gen/amd64/$name/2026-11-21; printf ok > status
        echo x | xz > stage3-$name-gen-2026-11-21.tar.xz; cd - > /dev/null
      done
      printf '[section farm]\\nengine: slurm\\n[section index]\\nformats: html\\n' > .metro
      cd state/mirrorctl/farm/camp-1
      printf '%s' '{"format":1,"id":"camp-1","mirror":"\(workspace.mirror)","created":1795305600,"nodes":[\(nodes.joined(separator: ","))]}' > plan.json
      echo '{"node":"gen/amd64/one/2026-11-22/stage1","record":{\(running),"since":1795305660,"isEnding":false}}' > journal
      echo '{"node":"gen/amd64/two/2026-11-22/stage1","record":{\(waiting),"since":1795305600,"isEnding":false}}' >> journal
      """)
    return workspace
  }

  @Test("is in status, the metrics and the pages, with the machine and the jobs that were cut short")
  func whole() throws {
    let workspace = try workspace()
    let status = try workspace.mirrorctl("status")
    #expect(
      status.errorText == "farm: campaign camp-1: 1 running, 2 waiting; on node2; jobs cut short: 1 lost\n")
    // For programs that read what Metro printed.
    #expect(status.text.split(separator: "\n").count == 2)
    let json = try workspace.mirrorctl("status", "--json")
    #expect(try OutputSchema.problem(of: json.output, by: ["status", "--json"]) == nil)
    #expect(json.text.contains(#""machine" : "node2""#), "\(json.text)")

    let metrics = try workspace.mirrorctl("status", "--format", "prometheus").text
    try Data(metrics.utf8).write(to: URL(fileURLWithPath: workspace.path.appending("metrics").string))
    #expect(try workspace.shell("promtool check metrics < metrics 2>&1").text == "")
    for (labels, value) in [
      (#"state="running",machine="node2""#, 1), (#"state="waiting",machine="""#, 2),
    ] {
      #expect(
        metrics.contains("mirrorctl_farm_targets{mirror=\"\(workspace.mirror)\",\(labels)} \(value)\n"))
    }
    #expect(
      metrics.contains("mirrorctl_farm_cut_jobs{mirror=\"\(workspace.mirror)\",cause=\"lost\"} 1\n"))

    try #require(try workspace.mirrorctl("upkeep").status == 0)
    func page(_ subarch: String) throws -> String {
      String(
        decoding: try Data(
          contentsOf: URL(fileURLWithPath: "\(workspace.mirror)/gen/amd64/\(subarch)/index.html")),
        as: UTF8.self)
    }
    #expect(try page("one").contains("A build is in progress on node2."))
    #expect(try page("two").contains("A build is queued."))
  }

  @Test("is unknown, and that is said, if the file of a campaign cannot be read")
  func damaged() throws {
    let workspace = try workspace()
    try workspace.shell("echo '{' > state/mirrorctl/farm/camp-1/plan.json")
    let status = try workspace.mirrorctl("status")
    #expect(status.status == 0 && status.text.split(separator: "\n").count == 2)
    #expect(status.errorText.contains("plan.json: is not the plan of a campaign"), "\(status.errorText)")
  }
}
