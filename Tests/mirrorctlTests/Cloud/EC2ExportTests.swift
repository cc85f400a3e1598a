import Foundation
import TestSupport
import Testing

@Suite("export to Amazon EC2") struct EC2ExportTests {
  @Test("sends the blocks that are not zero, registers an image, copies it, and records all of it")
  func image() throws {
    let site = try EC2Site()
    // Every third request fails for a reason that passes.
    try site.stub.plan("{\"fail\": 3}")
    let outcome = try site.export(
      "--json", "--set", "copy-to=us-east-1", "--set", "launch=123456789012", "--set", "tag/team=releng",
      "--set", "tags=cost:center=R & D = 7")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    try site.checkFinished(regions: ["eu-west-1", "us-east-1"])
    try site.checkBlocks()
    let log = try site.checkLog()
    #expect(log.count { $0 == "passing fault" } > 5)
    let blocks = Set(log.filter { $0.hasPrefix("PutSnapshotBlock") })
    #expect(
      blocks == [
        "PutSnapshotBlock 0", "PutSnapshotBlock 2", "PutSnapshotBlock 3", "PutSnapshotBlock 4",
        "PutSnapshotBlock 127",
      ])
    let images = try site.stub.state().images
    #expect(images.values.allSatisfy { $0.launch == ["123456789012"] && $0.tags["team"] == "releng" })
    let resources = Array(images.values) + Array(try site.stub.state().snapshots.values)
    #expect(resources.allSatisfy { $0.tags["cost:center"] == "R & D = 7" }, "\(resources)")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
    #expect(report["architecture"] as? String == "amd64")
    let listed = try #require(report["images"] as? [[String: Any]])
    #expect(Set(listed.compactMap { $0["image"] as? String }) == Set(images.keys))
    // The same again changes nothing.
    try site.stub.plan("{\"fail\": 0}")
    let before = try #require(try site.finished).resources
    #expect(try site.export("--set", "copy-to=us-east-1").status == 0)
    #expect(try site.finished?.resources == before)
    let removed = try site.export("--abandon")
    #expect(removed.status == 0, "\(removed.errorText)")
    let state = try site.stub.state()
    #expect(state.images.isEmpty && state.snapshots.isEmpty)
    #expect(try site.finished == nil)
  }

  @Test("an export that is killed again and again ends with one image per region")
  func killed() throws {
    let site = try EC2Site()
    for (number, operation, when) in [
      (1, "StartSnapshot", "after"), (3, "PutSnapshotBlock", "before"), (1, "CompleteSnapshot", "after"),
      (1, "RegisterImage", "after"), (1, "CopyImage", "after"),
    ] {
      try site.stub.kill(at: number, of: operation, when)
      try site.killedExport(["--set", "copy-to=us-east-1"])
      try site.checkListed()
      #expect(try site.finished == nil)
    }
    #expect(try site.export("--set", "copy-to=us-east-1").status == 0)
    try site.checkFinished(regions: ["eu-west-1", "us-east-1"])
    try site.checkBlocks()
    let log = try site.stub.log()
    for operation in ["StartSnapshot", "RegisterImage", "CopyImage"] {
      #expect(log.count { $0 == operation } == 1, "\(log)")
    }
  }

  @Test(
    "what a killed export left is removed on request, with another disk, and when the snapshot was given up")
  func left() throws {
    let site = try EC2Site()
    try site.stub.kill(at: 1, of: "RegisterImage", "after")
    try site.killedExport()
    let outcome = try site.export("--abandon")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.text.contains("removed ami-") && outcome.text.contains("removed snap-"))
    #expect(try site.stub.state().snapshots.isEmpty)
    #expect(try site.journal == nil)

    try site.stub.kill(at: 3, of: "PutSnapshotBlock", "after")
    try site.killedExport()
    let first = try #require(try site.journal).token
    try site.stub.expire()
    try site.workspace.shell("echo other | dd of=disk.raw bs=512k seek=9 conv=notrunc status=none")
    try site.stub.kill(at: 3, of: "PutSnapshotBlock", "after")
    try site.killedExport()
    let second = try #require(try site.journal).token
    try site.stub.expire()
    let last = try site.export()
    #expect(last.status == 0, "\(last.errorText)")
    #expect(Set([first, second, try #require(try site.finished).token]).count == 3)
    try site.checkFinished(regions: ["eu-west-1"])
    try site.checkBlocks()
    // A complete record is not replaced by one of another disk.
    try site.workspace.shell("echo third | dd of=disk.raw bs=512k seek=9 conv=notrunc status=none")
    let refused = try site.export()
    #expect(refused.status == 5 && refused.errorText.contains("lists images of another disk"))
    try site.checkFinished(regions: ["eu-west-1"])
  }

  @Test("wrong settings, missing programs and missing keys are named before anything is made")
  func wrong() throws {
    let site = try EC2Site()
    try site.workspace.shell(
      """
      mkdir bin; printf '#!/bin/sh\\nexec /usr/bin/python3 -S "$@"\\n' > bin/python3; chmod +x bin/python3
      truncate -s 1M plain.raw; mkdir list; ls -A > list/before
      """)
    for (arguments, message) in [
      (["--set", "launch=all 1"], "export/ec2/launch: `1` is neither an account nor all"),
      (["--set", "name=a*b"], "export/ec2/name: `a*b` is not a name of an AMI"),
      (["--set", "tags=releng"], "export/ec2/tags: `releng` is not NAME=VALUE"),
      (["--set", "tags=mirrorctl:export=x"], "export/ec2/tags: `mirrorctl:export` is reserved"),
      (["--set", "tag/a=1", "--set", "tags=a=2"], "export/ec2/tags: `a` is set twice"),
      (["--set", "disk/sizes=1G"], "did you mean size?"),
      (["--set", "boot-mode=bios"], "export/ec2/boot-mode: `bios` is not valid"),
      (["--set", "regions=x"], "did you mean region?"),
      (["--set", "architecture=riscv64"], "use amd64 or arm64"),
      (["--abandon"], "image.ami.json: does not exist, and no export of it was interrupted"),
    ] {
      let outcome = try site.workspace.run(site.command(arguments))
      #expect(outcome.status == 1 && outcome.errorText.contains(message), "\(outcome.errorText)")
    }
    let keyless = try site.workspace.run(
      ["env", "AWS_EC2_METADATA_DISABLED=true"]
        + site.command([]).filter { !$0.hasPrefix("AWS_") && $0 != "env" })
    #expect(keyless.errorText.contains("no credentials were found: set AWS_PROFILE"), "\(keyless.errorText)")
    let path = "PATH=\(site.workspace.path)/bin:/usr/bin:/bin"
    let without = try site.workspace.run(["env", path] + site.command([]))
    #expect(
      without.errorText.contains("boto3: is not installed")
        && without.errorText.contains("install python3-boto3 (Debian) or dev-python/boto3 (Gentoo)"),
      "\(without.errorText)")
    let plain = try site.workspace.run(site.command([]).map { $0.replacing("/disk.raw", with: "/plain.raw") })
    #expect(plain.errorText.contains("plain.raw: has no partition whose type names an architecture"))
    let large = try site.workspace.run(
      ["sh", "-c", "truncate -s 1500M \(site.workspace.path)/disk.raw; exec \"$@\"", "sh"]
        + site.command(["--set", "volume-size=1"]))
    #expect(large.errorText.contains("is 1 GiB, but the disk has 2 GiB"), "\(large.errorText)")
    try site.workspace.shell("ls -A | diff list/before -")
    #expect(try site.stub.state().snapshots.isEmpty)
  }

  /// With `MIRRORCTL_SOAK=full`, many.
  private static let rounds = Soak.isFull ? 60 : 1

  @Test("kills at random requests leave nothing unlisted")
  func random() throws {
    let site = try EC2Site()
    var generator = SystemRandomNumberGenerator()
    for round in 0..<Self.rounds {
      // Few rounds need many requests.
      var most = 45
      while most > 4 {
        let number = Int.random(in: 1...most, using: &generator)
        try site.stub.kill(at: number, Bool.random(using: &generator) ? "before" : "after")
        let outcome = try site.haltedExport(["--set", "copy-to=us-east-1"])
        #expect([0, 137].contains(outcome.status), "\(outcome.errorText)")
        try site.checkListed()
        if outcome.status == 0 { break }
        most -= number
      }
      try site.stub.plan("{\"kill\": null}")
      if round.isMultiple(of: 3) {
        let outcome = try site.export("--set", "copy-to=us-east-1")
        #expect(outcome.status == 0, "\(outcome.errorText)")
        try site.checkFinished(regions: ["eu-west-1", "us-east-1"])
        try site.checkBlocks()
      }
      let isThere = try site.finished != nil || site.journal != nil
      let removed = try site.export("--abandon")
      #expect(removed.status == (isThere ? 0 : 1), "\(removed.errorText)")
      let state = try site.stub.state()
      #expect(state.images.isEmpty && state.snapshots.isEmpty, "\(state)")
    }
  }
}
