import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("An extra that is an image of Amazon EC2", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct EC2BuildTests {
  private let site: TrivialSite
  private let server: MotoServer
  private static let subarch = TrivialSite.subarch.joined(separator: "/")

  init() throws {
    let workspace = try Workspace()
    server = try MotoServer(in: workspace)
    site = try TrivialSite(
      """
      [section target when target is ec2]
      spec: export
      [section export/ec2]
      source: image
      region: eu-west-1
      endpoint: http://127.0.0.1:\(server.port)
      disk/esp: 36M
      [section steps when target is image]
      precapture: [
      #!/bin/sh
      set -eu
      cd '$[path/chroot]'; mkdir -p boot usr/lib/systemd/boot/efi
      echo kernel > boot/kernel-6.12.3-gentoo-dist; echo initramfs > boot/initramfs-6.12.3-gentoo-dist.img
      for name in x64 aa64; do echo loader > usr/lib/systemd/boot/efi/systemd-boot$name.efi; done
      head -c 3000000 /dev/urandom > noise
      ]
      """, in: workspace)
  }

  private func command(_ arguments: [String]) -> [String] {
    ["env", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "MIRRORCTL_CONFIG=\(site.workspace.path)/conf"]
      + [Program.path.string] + arguments
  }

  private func build(_ date: String) -> [String] {
    command(["build"] + TrivialSite.subarch + ["full+image+ec2", date])
  }

  /// Of the images at the server, the names, sorted.
  private func images() throws -> [String] {
    try site.workspace.shell(
      """
      AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b python3 - <<'END'
      import boto3
      ec2 = boto3.client("ec2", region_name="eu-west-1", endpoint_url="http://127.0.0.1:\(server.port)")
      tagged = [{"Name": "tag-key", "Values": ["mirrorctl:export"]}]
      for image in ec2.describe_images(Filters=tagged)["Images"]: print(image["Name"])
      for disk in ec2.describe_snapshots(Filters=tagged)["Snapshots"]: print("disk")
      END
      """
    ).text.split(separator: "\n").map(String.init).filter { $0 != "disk" }.sorted()
  }

  private static func name(_ date: String) -> String { "ec2-generic_64-gentoo-\(date)" }

  @Test("is continued by the next build if one is killed, has its record in the version, and goes with it")
  func life() throws {
    let (date, next) = (TrivialSite.date, "2026-11-23")
    let record = "\(date)/\(Self.name(date)).ami.json"
    let journal = "\(date)/.\(Self.name(date)).ami.json.journal"
    let killed = try site.workspace.start(build(date))
    while killed.isRunning, site.text(journal) == nil { usleep(5000) }
    kill(killed.pid, SIGKILL)
    let ended = try killed.wait()
    // What may exist at Amazon is listed where the next build, and clean, look for it.
    let begun = try #require(site.text(journal), "\(ended.errorText)")
    #expect(try OutputSchema.problem(of: Array(begun.utf8), "ami.schema.json") == nil)
    let built = try site.workspace.run(build(date))
    try #require(built.status == 0, "\(built.errorText)")
    #expect(try images() == [Self.name(date)])
    let text = try #require(site.text(record))
    #expect(try OutputSchema.problem(of: Array(text.utf8), "ami.schema.json") == nil)
    let token = try #require(text.firstMatch(of: /mirrorctl-[0-9a-f-]{36}/)).output
    #expect(begun.contains(token), "\(begun)\n\(text)")
    #expect(try site.link("ec2-latest.ami.json") == record)
    #expect(site.text(".control/version/stage4/ec2") == "\(date)\n")
    #expect(site.text("\(date)/log/ec2.txt")?.contains("ec2: registered ami-") == true)
    let sum = try site.workspace.shell("sha256sum < mirror/\(Self.subarch)/\(record)").text.prefix(64)
    #expect(site.text("\(record).hash.txt") == "sha256 \(sum)\n")
    #expect(
      try site.workspace.shell("cd mirror/\(Self.subarch)/\(date); ls -A").text.contains("\n.") == false)
    #expect(try site.workspace.shell("find tmp/work ! -type d").text == "")

    let second = try site.workspace.run(build(next))
    try #require(second.status == 0, "\(second.errorText)")
    #expect(try images() == [Self.name(date), Self.name(next)])
    let upkeep = try site.workspace.run(command(["upkeep", "--keep", "1"]))
    #expect(upkeep.status == 0, "\(upkeep.errorText)")
    #expect(try site.names() == ["2026-11-23"] || site.text(record) == nil)
    #expect(try images() == [Self.name(next)])
    let index = try site.workspace.run(command(["index", "--format", "xml"]))
    #expect(index.status == 0, "\(index.errorText)")
    let list = try site.workspace.shell("cat mirror/index.xml").text
    #expect(list.contains("\(Self.name(next)).ami.json") && !list.contains(record), "\(list)")
  }
}
