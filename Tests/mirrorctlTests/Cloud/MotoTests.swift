import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("images at moto's server") struct MotoTests {
  private let workspace: Workspace
  private let server: MotoServer
  private static let version = "std/x86-64bit/gen/2016-11-01"
  private static let record = "\(version)/stage4-gen-std-2016-11-01.ami.json"

  init() throws {
    workspace = try Workspace()
    server = try MotoServer(in: workspace)
    let port = server.port
    try workspace.shell(
      """
      python3 - <<'END'
      \(EC2Site.disk)
      END
      for day in 2016-11-01 2016-11-08; do
        v=mirror/std/x86-64bit/gen/$day; mkdir -p $v; echo ok > $v/status
        echo $day | xz > $v/stage3-gen-std-$day.tar.xz
      done
      cat > conf <<END
      [section export/cloud]
      format: ec2
      region: eu-west-1
      copy-to: us-east-1
      launch: all
      tag/team: releng
      endpoint: http://127.0.0.1:\(port)
      END
      mkdir bin; printf '#!/bin/sh\\nexec /usr/bin/python3 -S "$@"\\n' > bin/python3; chmod +x bin/python3
      """)
  }

  private func run(_ arguments: [String], path: String = "/usr/bin:/bin") throws -> Outcome {
    let keys = ["AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "PATH=\(path)"]
    return try workspace.run(
      ["env"] + keys + [Program.path.string] + arguments + ["--config", "\(workspace.path)/conf"])
  }

  /// What boto3 says, by region; the blocks of the first snapshot are in `read.raw`.
  private func found() throws -> [String: [String: [String]]] {
    let outcome = try workspace.shell(
      """
      AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b python3 - <<'END'
      import boto3, json, os
      found, url = {}, "http://127.0.0.1:\(server.port)"
      for region in ("eu-west-1", "us-east-1"):
          ec2 = boto3.client("ec2", region_name=region, endpoint_url=url)
          images = ec2.describe_images(Filters=[{"Name": "tag:team", "Values": ["releng"]}])["Images"]
          disks = ec2.describe_snapshots(Filters=[{"Name": "tag-key", "Values": ["mirrorctl:export"]}])["Snapshots"]
          launch = [ec2.describe_image_attribute(ImageId=image["ImageId"], Attribute="launchPermission") for image in images]
          found[region] = {
              "images": [image["ImageId"] for image in images], "disks": [disk["SnapshotId"] for disk in disks],
              "names": [image["Name"] for image in images],
              "launch": [group["Group"] for one in launch for group in one["LaunchPermissions"]]}
      if os.path.exists("mirror/\(Self.record)"):
          with open("mirror/\(Self.record)") as file:
              snapshot = json.load(file)["images"][0]["snapshots"][0]
          ebs = boto3.client("ebs", region_name="eu-west-1", endpoint_url=url)
          with open("read.raw", "wb") as disk:
              disk.truncate(64 * 2**20 - 100)
              for block in ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]:
                  data = ebs.get_snapshot_block(
                      SnapshotId=snapshot, BlockIndex=block["BlockIndex"], BlockToken=block["BlockToken"])["BlockData"].read()
                  disk.seek(block["BlockIndex"] * 2**19)
                  disk.write(data[:os.path.getsize("disk.raw") - block["BlockIndex"] * 2**19])
      print(json.dumps(found))
      END
      """)
    return try JSONDecoder().decode([String: [String: [String]]].self, from: Data(outcome.output))
  }

  @Test("an image is exported into a version, read back, and removed with the version")
  func retention() throws {
    let image = "\(workspace.mirror)/\(Self.record)"
    let outcome = try run(["export", "--with", "cloud", "\(workspace.path)/disk.raw", image])
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let made = try found()
    try workspace.shell("cmp read.raw disk.raw")
    for region in ["eu-west-1", "us-east-1"] {
      #expect(made[region]?["names"] == ["stage4-gen-std-2016-11-01"])
      #expect(made[region]?["launch"] == ["all"])
    }
    let images = made.values.flatMap { $0["images"] ?? [] }
    #expect(try workspace.mirrorctl("digestgen").text.contains("ami.json"))
    let clean = ["clean", "--keep", "1", "--mirror", workspace.mirror.string]
    let plan = try run(clean + ["--apply", "--dry-run"])
    for image in images { #expect(plan.text.contains("would remove \(image) in "), "\(plan.text)") }
    #expect(try run(clean).text.contains("only clean --apply removes its images"))
    // Without its images, the version is kept, and listed as before.
    #expect(
      try run(["index", "--format", "html", "--mirror", workspace.mirror.string]).status == 0)
    let page = "grep 2016-11-01 mirror/std/x86-64bit/gen/index.html"
    let listed = try workspace.shell(page).text
    let failed = try run(clean + ["--apply"], path: "\(workspace.path)/bin:/usr/bin:/bin")
    #expect(failed.status == 3)
    #expect(failed.errorText.contains("\(Self.version): is kept, since its images cannot be removed"))
    #expect(failed.errorText.contains("python3-boto3"))
    try workspace.shell("test -e mirror/\(Self.record)")
    #expect(try workspace.shell(page).text == listed)
    let applied = try run(clean + ["--apply", "--json"])
    #expect(applied.status == 0, "\(applied.errorText)")
    for image in images { #expect(applied.text.contains(image)) }
    try workspace.shell("test ! -e mirror/\(Self.version)")
    let rest = try found()
    #expect(rest.values.allSatisfy { $0["images"] == [] && $0["disks"] == [] }, "\(rest)")
  }

  @Test("a record does not lead to images of others")
  func foreign() throws {
    let image = "\(workspace.mirror)/\(Self.record)"
    let outcome = try run([
      "export", "--with", "cloud", "--set", "copy-to=", "\(workspace.path)/disk.raw", image,
    ])
    #expect(outcome.status == 0, "\(outcome.errorText)")
    try workspace.shell("sed -i 's/mirrorctl-[0-9a-f-]*/mirrorctl-other/' '\(image)'")
    let applied = try run(["clean", "--keep", "1", "--mirror", workspace.mirror.string, "--apply"])
    #expect(applied.status == 3)
    #expect(applied.errorText.contains("does not have the tag mirrorctl:export"), "\(applied.errorText)")
    #expect(try found()["eu-west-1"]?["images"]?.count == 1)
  }
}
