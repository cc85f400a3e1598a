import LinuxSystem
import MirrorModel
import Testing

@testable import StageBuilder

@Suite("The graph of builds")
struct BuildGraphTests {
  private static let snapshot: MirrorPath = "std/snapshots/portage-2026-11-22.tar.xz"

  private static func file(_ target: String, _ subarch: String, _ version: String = "2026-11-22")
    -> MirrorPath
  {
    MirrorPath("std/amd64/\(subarch)/\(version)/\(target)-\(subarch)-std-\(version).tar.xz")
  }

  private static func target(
    _ name: String, _ kind: Target.Class?, _ output: MirrorPath?, from source: MirrorPath? = nil,
    isOptional: Bool = false, variant: String? = nil
  ) -> TargetFacts {
    TargetFacts(
      target: PlannedTarget(name: name, variant: variant, isOptional: isOptional), kind: kind, output: output,
      source: source)
  }

  /// A full build, and what is made of its stage3.
  private static func request(
    _ subarch: String, seed: String? = nil, _ more: [TargetFacts] = []
  ) -> BuildGraph.Request {
    BuildGraph.Request(
      path: MirrorPath("std/amd64/\(subarch)"), version: "2026-11-22",
      targets: [
        target("snapshot", .snapshot, snapshot),
        target(
          "stage1", .stage, file("stage1", subarch), from: file("stage3", seed ?? subarch, "2026-11-01")),
        target("stage3", .stage, file("stage3", subarch), from: file("stage1", subarch)),
      ] + more, seed: seed.map { MirrorPath("std/amd64/\($0)") })
  }

  /// What each target waits for.
  private static func needs(_ requests: [BuildGraph.Request]) -> [String: [String]] {
    let graph = BuildGraph(requests)
    func name(_ index: Int) -> String {
      let node = graph.nodes[index]
      return node.facts.kind == .snapshot
        ? "snapshot" : "\(requests[node.requests[0]].path?.name ?? "") \(node.facts.name)"
    }
    let pairs = graph.nodes.indices.map { (name($0), graph.nodes[$0].needs.map(name)) }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  @Test("has one snapshot for all builds of a version, and the stages in order")
  func stages() {
    #expect(
      Self.needs([Self.request("a"), Self.request("b")]) == [
        "snapshot": [], "a stage1": ["snapshot"], "a stage3": ["a stage1"], "b stage1": ["snapshot"],
        "b stage3": ["b stage1"],
      ])
  }

  @Test("has variants and images beside each other, each after what it is made from")
  func aside() {
    let more = [
      Self.target(
        "stage3-systemd", .stage, Self.file("stage3-systemd", "a"), from: Self.file("stage1", "a"),
        variant: "systemd"),
      // Before the build, the last stage3 is their source; it may have another compression.
      Self.target(
        "image", .stage, Self.file("image", "a"), from: "std/amd64/a/2026-11-01/stage3-a-std-2026-11-01.tar",
        isOptional: true),
      Self.target(
        "disk", .export, Self.file("disk", "a"), from: Self.file("image", "a", "2026-11-01"), isOptional: true
      ),
      Self.target("unknown", nil, nil, isOptional: true),
      Self.target(
        "other", .stage, Self.file("other", "a"), from: Self.file("stage3", "z", "2026-11-01"),
        isOptional: true),
    ]
    let needs = Self.needs([Self.request("a", more)])
    #expect(needs["a stage3-systemd"] == ["a stage1"])
    #expect(needs["a image"] == ["a stage3"])
    #expect(needs["a disk"] == ["a image"])
    // All that the build must have, if the source is unknown.
    #expect(needs["a unknown"] == ["a stage3", "a stage3-systemd"])
    #expect(needs["a other"] == ["a stage3", "a stage3-systemd"])
  }

  @Test("makes a stage wait for its remote seed, but not two that start from each other")
  func seeds() {
    let chain = Self.needs([
      Self.request("a", seed: "b"), Self.request("b", seed: "c"), Self.request("c", seed: "d"),
    ])
    #expect(chain["a stage1"] == ["snapshot", "b stage3"])
    #expect(chain["b stage1"] == ["snapshot", "c stage3"])
    #expect(chain["c stage1"] == ["snapshot"])
    let circle = Self.needs([
      Self.request("a", seed: "b"), Self.request("b", seed: "c"), Self.request("c", seed: "a"),
    ])
    #expect(circle["a stage1"] == ["snapshot", "b stage3"])
    #expect(circle["b stage1"] == ["snapshot", "c stage3"])
    #expect(circle["c stage1"] == ["snapshot"], "it starts from the stage3 of a that exists")
  }

  @Test("of a long chain of seeds is found without recursion")
  func long() {
    let requests = (0..<3000).map { Self.request("s\($0)", seed: "s\($0 + 1)") }
    let graph = BuildGraph(requests)
    #expect(graph.nodes.count == 6001)
    #expect(graph.nodes.count { $0.needs.count == 2 } == 2999)
  }
}
