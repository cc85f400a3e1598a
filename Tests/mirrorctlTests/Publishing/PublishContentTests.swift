import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("Published content matches the mirror", .enabled(if: Tool.exists("rsync"), "rsync is not installed"))
struct PublishContentTests {
  private let mirror: PublishedMirror
  private var site: PublishSite { mirror.site }
  private let gen = PublishedMirror.gen

  init() throws {
    mirror = try PublishedMirror()
    try mirror.fill()
  }

  private func publish(_ status: Int32 = 0, _ options: String...) throws -> Outcome {
    let outcome = try mirror.workspace.run(site.command(["publish"] + options))
    #expect(outcome.status == status, "\(outcome.text)\(outcome.errorText)")
    return outcome
  }

  private func expectEqual() throws {
    #expect(mirror.here(gen) == mirror.there(gen))
    #expect(mirror.downloader.faults() == [])
    #expect(try mirror.downloader.wrongSidecars() == [])
  }

  @Test(
    "each of six successive tarballs of equal name, size, time is sent", arguments: PublishRoute.allCases)
  func replacedInARow(_ route: PublishRoute) throws {
    let daemon = route == .daemon ? try RsyncDaemon(["out": mirror.published], in: mirror.workspace) : nil
    let ssh = route == .ssh ? try SSHDaemon(in: mirror.workspace) : nil
    let to = daemon?.url("out") ?? (ssh == nil ? nil : "127.0.0.1:\(mirror.published)")
    try mirror.configure(ssh.map { "rsh: \($0.client)" } ?? "", to: to)
    _ = try publish()
    for seed in 10..<16 as Range<UInt64> {
      try mirror.replace(gen, seed: seed)
      try site.refresh()
      _ = try publish()
      try expectEqual()
    }
    #expect(try publish().text == "")
  }

  @Test("a replaced tarball is sent even without a record of sent files: its digests differ")
  func replacedWithoutRecord() throws {
    try mirror.configure()
    _ = try publish()
    try mirror.replace(gen, seed: 10)
    try site.refresh()
    try mirror.forgetRecords()
    _ = try publish()
    try expectEqual()
    try mirror.forgetRecords()
    #expect(try publish().text == "", "unchanged files are not sent again")
  }

  @Test("a changed small file of the same size and second is sent", arguments: ["status", "log/stage3.txt"])
  func smallFile(_ name: String) throws {
    try mirror.configure()
    _ = try publish()
    try mirror.replace("std/x86/gen/2016-01-02/\(name)", seed: 20)
    _ = try publish()
    let path = "std/x86/gen/2016-01-02/\(name)"
    #expect(mirror.here(path) == mirror.there(path))
  }

  @Test("a run killed while it replaces a tarball is completed by the next run")
  func killed() throws {
    try mirror.configure()
    _ = try publish()
    var random = Seeded(state: 3)
    for seed in 30..<34 as Range<UInt64> {
      try mirror.replace(gen, seed: seed)
      try site.refresh()
      let run = try site.start("publish")
      usleep(UInt32.random(in: 100_000...500_000, using: &random))
      kill(run.pid, SIGKILL)
      _ = try run.wait()
      _ = try publish()
      try expectEqual()
    }
  }

  /// Corrupts a byte without a change in directory listings.
  private func rot(_ file: String) throws {
    try mirror.workspace.shell(
      """
      touch -r '\(file)' stamp; printf rotten | dd of='\(file)' conv=notrunc bs=1 seek=1000 status=none
      touch -r stamp '\(file)'
      """)
  }

  @Test(
    "a file corrupted there is found by --check, sent again, and reported with exit status 4",
    arguments: ["100%", "1/1", "1G"])
  func check(_ part: String) throws {
    try mirror.configure()
    _ = try publish()
    #expect(try publish(0, "--check", part).text.contains("compared"))
    try rot("\(mirror.published)/\(gen)")
    #expect(try publish().text == "", "size and time are equal")
    let found = try publish(4, "--check", part)
    #expect(found.errorText.contains("\(gen) there differs from the file sent"), "\(found.errorText)")
    #expect(found.text.contains("1 file sent"))
    try expectEqual()
    let again = try publish(0, "--check", part)
    #expect(again.errorText == "")
  }

  @Test("a dry run prints the findings of --check and sends nothing; --json lists them")
  func checkDryRun() throws {
    try mirror.configure()
    _ = try publish()
    try rot("\(mirror.published)/\(gen)")
    let rotten = mirror.there(gen)
    let outcome = try publish(4, "--check", "100%", "--dry-run")
    #expect(outcome.text.contains("would send 1 file (replaced)"), "\(outcome.text)")
    #expect(mirror.there(gen) == rotten)
    let json = try publish(4, "--check", "100%", "--json")
    let object = try JSONSerialization.jsonObject(with: Data(json.output)) as? [String: Any]
    let report = (object?["destinations"] as? [[String: Any]])?.first?["report"] as? [String: Any]
    #expect(report?["corruptThere"] as? [String] == [gen])
  }

  @Test("a file corrupted here does not replace a good one")
  func rottenHere() throws {
    try mirror.configure()
    _ = try publish()
    let good = mirror.there(gen)
    try rot("\(site.mirror)/\(gen)")
    let outcome = try publish(4, "--check", "100%")
    #expect(outcome.errorText.contains("content does not match its digests"), "\(outcome.errorText)")
    #expect(mirror.there(gen) == good)
    #expect(mirror.downloader.faults() == [])
  }

  @Test("upkeep compares a share of the files once per day; `check: no` turns it off")
  func daily() throws {
    try mirror.configure("check: no")
    #expect(try site.run("upkeep").status == 0)
    try rot("\(mirror.published)/\(gen)")
    #expect(try site.run("upkeep").status == 0)
    try mirror.configure("check: 100%")
    let found = try site.run("upkeep")
    #expect(found.status == 4, "\(found.text)\(found.errorText)")
    #expect(found.errorText.contains("\(gen) there differs"), "\(found.errorText)")
    try expectEqual()
    try rot("\(mirror.published)/\(gen)")
    let same = try site.run("upkeep")
    #expect(same.status == 0 && same.text == "", "\(same.text)\(same.errorText)")
  }

  @Test("`check` must be a share")
  func badShare() throws {
    try mirror.configure("check: often")
    let outcome = try publish(1)
    #expect(outcome.errorText.contains("publish/out/check: `often` is not a share"), "\(outcome.errorText)")
    #expect(try site.run("publish", "--check", "0%").status == 64)
  }

  @Test("a build server's tarballs with the same size and time all reach its master")
  func uploaded() throws {
    let master = try PublishSite("store", in: mirror.workspace)
    try #require(try master.run("upkeep", "--create").status == 0)
    try master.configure("[section receive/one]\nreplace: yes")
    try site.configure(
      "[section publish/store]\nto: \(master.mirror)\nwhat: own\nreceive: upkeep\nas: one\nretries: 0")
    func receive() throws {
      let outcome = try master.run("receive")
      #expect(outcome.status == 0, "\(outcome.errorText)")
      let there = FileManager.default.contents(atPath: "\(master.mirror)/\(gen)")
      #expect(there == mirror.here(gen))
    }
    _ = try publish()
    try receive()
    #expect(try publish().text == "")
    for seed in 40..<46 as Range<UInt64> {
      try mirror.replace(gen, seed: seed)
      try site.refresh()
      _ = try publish()
    }
    try receive()
    try mirror.replace(gen, seed: 50)
    try site.refresh()
    try mirror.workspace.shell("rm -rf '\(site.home)/state'")
    _ = try publish()
    try receive()
    #expect(try publish().text == "")
  }
}
