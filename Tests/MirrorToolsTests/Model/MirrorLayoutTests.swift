@testable import LinuxSystem
import MirrorTools
import TestSupport
import Testing

@testable import MirrorModel

@Suite("Gentoo's layout in the model")
struct MirrorLayoutTests {
  private static let moment = "20200101T170303Z"
  private static let place = "releases/amd64/autobuilds"

  @Test(
    "a variant is a name without architecture and version",
    arguments: [
      ("stage3-amd64-openrc-\(moment)", "stage3-openrc"), ("stage3-amd64-\(moment)", "stage3"),
      (
        "stage3-amd64-hardened-nomultilib-selinux-openrc-\(moment)",
        "stage3-hardened-nomultilib-selinux-openrc"
      ),
      ("stage3-x32-openrc-\(moment)", "stage3-x32-openrc"),
      ("install-amd64-minimal-\(moment)", "install-minimal"), ("admincd-amd64-\(moment)", "admincd"),
      ("stage1-amd64-openrc-\(moment)", "stage1"), ("stage10-amd64-\(moment)", "stage10"),
      ("stage3-amd64-openrc", nil), ("stage3-amd64-openrc-20200102T170303Z", nil), ("-\(moment)", nil),
    ] as [(String, String?)])
  func variants(stem: String, variant: String?) throws {
    let name = try #require(TarballName(FileName("\(stem).tar.xz"), .builtIn))
    let version = MirrorPath("\(Self.place)/\(Self.moment)")
    #expect(name.variant(of: version, in: .gentoo) == variant)
  }

  @Test("names of links and lists are told from others")
  func names() {
    #expect(MirrorLayout.currentLink(of: "stage3-amd64-musl") == "current-stage3-amd64-musl")
    #expect(MirrorLayout.latestList(of: "stage3") == "latest-stage3.txt")
    #expect(MirrorLayout.isLatestList("latest-stage3-amd64-openrc.txt"))
    for name in ["latest.txt", "latest-.txt", "latest-stage3.txt.asc", "x-latest-stage3.txt"] as [FileName] {
      #expect(!MirrorLayout.isLatestList(name))
    }
    #expect(!MirrorLayout.isCurrentLink("current-"))
  }

  private func scan(_ disk: borrowing TestMirror) throws -> Subarch {
    let mirror = try MirrorScanner(
      root: disk.root, layout: .gentoo, kinds: .builtIn, jobs: 1, now: TestMirror.noon,
      probe: ProcessProbe { _, _ in false }
    ).scan()
    return try #require(mirror.subarches.first)
  }

  @Test("a version of another program is finished; one that a build here began has a status when it is")
  func foreign() throws {
    let disk = try TestMirror()
    for (moment, name) in [
      ("20200101T000000Z", "openrc"), ("20200102T000000Z", "openrc"), ("20200103T000000Z", "musl"),
    ] {
      try disk.file("\(Self.place)/\(moment)/stage3-amd64-\(name)-\(moment).tar.xz", moment)
    }
    try disk.file("\(Self.place)/20200102T000000Z/.targets", "stage3\n")
    var subarch = try scan(disk)
    #expect(subarch.built.map(\.name) == ["20200101T000000Z", "20200103T000000Z"])
    try disk.file("\(Self.place)/20200102T000000Z/status", "ok")
    subarch = try scan(disk)
    #expect(subarch.built.count == 3)
    #expect(
      subarch.series.map { [$0.name ?? ""] + $0.versions.map(\.name) } == [
        ["stage3-amd64-musl", "20200103T000000Z"],
        ["stage3-amd64-openrc", "20200101T000000Z", "20200102T000000Z"],
      ])
    let offers = subarch.newestOffers(excluding: [MirrorPath("\(Self.place)/20200102T000000Z")])
    #expect(offers.map(\.version.name) == ["20200103T000000Z", "20200101T000000Z"])
    #expect(offers.map(\.artifact.variant) == ["stage3-musl", "stage3-openrc"])
  }
}
