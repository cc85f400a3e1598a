import Foundation
import Glibc
import TestSupport
import Testing

@Suite("export of a stage to Amazon EC2", .enabled(if: geteuid() == 0)) struct EC2StageTests {
  private static let tarball = "stage4.tar"

  /// Where a program of this name comes first and fails.
  private func broken(_ name: String, in site: EC2Site) throws -> [String] {
    try site.workspace.shell(
      "mkdir -p bin; printf '#!/bin/sh\\nexit 9\\n' > bin/\(name); chmod +x bin/\(name)")
    return ["env", "PATH=\(site.workspace.path)/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
  }

  @Test(
    "sends the disk of format raw with a serial console and cloud-init, and makes it again only if needed")
  func disk() throws {
    let site = try EC2Site(tarball: Self.tarball)
    let outcome = try site.export()
    try #require(outcome.status == 0, "\(outcome.errorText)")
    try site.checkFinished(regions: ["eu-west-1"])
    try site.checkBlocks()
    _ = try site.checkLog()
    // What was registered is copied without another disk.
    let withoutDisks = try broken("mke2fs", in: site)
    let again = try site.workspace.run(withoutDisks + site.command(["--set", "copy-to=us-east-1"]))
    #expect(again.status == 0, "\(again.errorText)")
    try site.checkFinished(regions: ["eu-west-1", "us-east-1"])
    let other = try site.workspace.run(withoutDisks + site.command(["--set", "disk/hostname=other"]))
    #expect(other.errorText.contains("mke2fs: failed with exit status 9"), "\(other.errorText)")
    let refused = try site.export("--set", "disk/hostname=other")
    #expect(refused.status == 5 && refused.errorText.contains("lists images of another disk"))
    try site.checkFinished(regions: ["eu-west-1", "us-east-1"])
  }

  @Test("continues a killed export with the same disk, and removes what one of another stage left")
  func killed() throws {
    let site = try EC2Site(tarball: Self.tarball)
    for (number, operation) in [(3, "PutSnapshotBlock"), (1, "CompleteSnapshot"), (1, "RegisterImage")] {
      try site.stub.kill(at: number, of: operation, "after")
      try site.killedExport()
      try site.checkListed()
      #expect(try site.finished == nil)
    }
    #expect(try site.stub.log().count { $0 == "StartSnapshot" } == 1)
    let token = try #require(try site.journal).token
    try site.workspace.shell(
      "echo more > root/usr/more; tar -C root -cf \(Self.tarball) .; rm disk.raw")
    let outcome = try site.export()
    try #require(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("of an interrupted export of another disk"), "\(outcome.errorText)")
    try site.makeDisk()
    try site.checkFinished(regions: ["eu-west-1"])
    try site.checkBlocks()
    #expect(try site.finished?.token != token)
  }

  /// With `MIRRORCTL_SOAK=full`, many.
  private static let rounds = Soak.isFull ? 80 : 3

  @Test("kills at random times leave nothing unlisted, and the next export leaves nothing but the record")
  func random() throws {
    let site = try EC2Site(tarball: Self.tarball)
    let begin = ContinuousClock.now
    try #require(try site.export().status == 0)
    let duration = ContinuousClock.now - begin
    #expect(try site.export("--abandon").status == 0)
    let names = try site.workspace.shell("ls -A").text
    var random = Seeded(state: UInt64(Date().timeIntervalSince1970))
    for round in 0..<Self.rounds {
      let run = try RunningProgram(site.command([]), environment: site.workspace.environment)
      let time = duration * Double.random(in: 0.1..<1.05, using: &random)
      usleep(UInt32(time.components.seconds * 1_000_000 + time.components.attoseconds / 1_000_000_000_000))
      kill(run.pid, SIGKILL)
      _ = try run.wait()
      try site.checkListed()
      // Sometimes two in a row.
      if round % 3 == 1 { continue }
      let outcome = try site.export()
      #expect(outcome.status == 0, "\(outcome.errorText)")
      try site.checkFinished(regions: ["eu-west-1"])
      try site.checkBlocks()
      #expect(try site.export("--abandon").status == 0)
      let state = try site.stub.state()
      #expect(state.images.isEmpty && state.snapshots.isEmpty, "\(state)")
      #expect(try site.workspace.shell("ls -A").text == names)
    }
  }
}
