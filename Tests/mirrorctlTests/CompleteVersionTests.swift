import Foundation
import TestSupport
import Testing

/// A mirror with versions dated relative to today, since the program reads the clock.
struct DatedMirror {
  static let subarch = "std/x86-64bit/gen"
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  /// The date this many days ago, as a version name.
  func day(_ ago: Int) throws -> String {
    try workspace.shell("date -u -d '\(ago) days ago' +%F").text.trimmingCharacters(in: .newlines)
  }

  /// Makes a version with an intact stage3; returns its date.
  @discardableResult
  func version(_ ago: Int, stage: String? = "stage3", subarch: String = DatedMirror.subarch) throws -> String
  {
    let day = try day(ago)
    let parts = subarch.split(separator: "/")
    try workspace.shell("mkdir -p mirror/\(subarch)/\(day); printf ok > mirror/\(subarch)/\(day)/status")
    if let stage {
      try workspace.shell(
        "echo '\(stage) \(day)' | xz > mirror/\(subarch)/\(day)/\(stage)-\(parts[2])-\(parts[0])-\(day).tar.xz"
      )
    }
    return day
  }

  func stage3(_ day: String) -> String { "\(Self.subarch)/\(day)/stage3-gen-std-\(day).tar.xz" }

  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(workspace.mirror)/\(path)")
  }

  func text(_ path: String) -> String {
    (try? String(contentsOfFile: "\(workspace.mirror)/\(path)", encoding: .utf8)) ?? ""
  }
}

@Suite("A version is complete if it has a tarball to download")
struct CompleteVersionTests {
  private let mirror: DatedMirror
  private var workspace: Workspace { mirror.workspace }

  init() throws { mirror = try DatedMirror() }

  @Test(
    "versions without a stage3 never replace the last one that has it", arguments: [nil, "stage1", "stage2"])
  func lastStage(_ stage: String?) throws {
    let oldest = try mirror.version(40)
    for ago in [3, 2, 1] { try mirror.version(ago, stage: stage) }
    let outcome = try workspace.mirrorctl("upkeep", "--keep", "3")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(mirror.exists(mirror.stage3(oldest)))
    #expect(mirror.text("index.xml").contains(mirror.stage3(oldest)))
    #expect(try workspace.mirrorctl("status").text.contains(oldest))
    // The rotation does not count the empty versions as builds either.
    #expect(try workspace.mirrorctl("nextbuild").text.contains("fulldate=\(oldest)"))
  }

  @Test(
    "an empty or truncated stage3 is reported, not offered, and replaces nothing",
    arguments: [
      ": > FILE", "truncate -s -8 FILE", "truncate -s 40 FILE", "truncate -s 0 FILE; truncate -s 5000 FILE",
    ])
  func cutOff(_ damage: String) throws {
    let old = try mirror.version(40)
    let new = try mirror.version(1)
    try workspace.shell(damage.replacing("FILE", with: "mirror/\(mirror.stage3(new))"))
    for round in 1...2 {
      let outcome = try workspace.mirrorctl("upkeep", "--keep", "1", "--quiet")
      #expect(outcome.status == 3, "round \(round): \(outcome.errorText)")
      #expect(
        outcome.errorText.contains("\(mirror.stage3(new)): is truncated or damaged"), "\(outcome.errorText)")
      #expect(mirror.exists(mirror.stage3(old)))
      #expect(!mirror.exists("\(mirror.stage3(new)).hash.txt"))
      #expect(mirror.text("index.xml").contains(old) && !mirror.text("index.xml").contains(new))
      #expect(try workspace.mirrorctl("status").text.contains(old))
    }
    // It is offered once it is copied again; the catalog does not prevent that.
    try mirror.version(1)
    #expect(try workspace.mirrorctl("upkeep", "--keep", "1").status == 0)
    #expect(mirror.text("index.xml").contains(new))
    #expect(!mirror.exists(mirror.stage3(old)))
  }

  @Test(
    "a stage3 whose compression does not match its name is reported, not offered, and replaces nothing",
    arguments: [
      "echo '<!DOCTYPE html><html><body>502 Bad Gateway</body></html>' > FILE", "echo stage3 | gzip > FILE",
      "echo stage3 | zstd -q > FILE", "tar cf FILE -C / etc/hostname", "head -c 70000 /dev/urandom > FILE",
    ])
  func otherKind(_ replacement: String) throws {
    let old = try mirror.version(40)
    let new = try mirror.version(1)
    let file = mirror.stage3(new)
    try workspace.shell(replacement.replacing("FILE", with: "mirror/\(file)"))
    // It replaces nothing even before it is hashed.
    #expect(try workspace.mirrorctl("clean", "--keep", "1", "--apply").status == 0)
    #expect(mirror.exists(mirror.stage3(old)))
    for round in 1...2 {
      let digestgen = try workspace.mirrorctl("digestgen", "--quiet")
      #expect(digestgen.status == 3, "round \(round): \(digestgen.errorText)")
      #expect(
        digestgen.errorText.contains("\(file): its content does not match its name"),
        "round \(round): \(digestgen.errorText)")
      #expect(!mirror.exists("\(file).hash.txt"))
    }
    #expect(try workspace.mirrorctl("index").status == 3)
    #expect(mirror.text("index.xml").contains(old) && !mirror.text("index.xml").contains(new))
    let verify = try workspace.mirrorctl("verify")
    #expect(verify.status == 3)
    #expect(
      verify.text.contains("damaged")
        && verify.text.contains("\(file) (its content does not match its name)"), "\(verify.text)")
    #expect(try workspace.mirrorctl("upkeep", "--keep", "1").status == 3)
    #expect(mirror.exists(mirror.stage3(old)) && mirror.exists(file))
    // Once it is copied again, its compression matches its name.
    try mirror.version(1)
    #expect(try workspace.mirrorctl("upkeep", "--keep", "1").status == 0)
    #expect(mirror.text("index.xml").contains(new) && !mirror.exists(mirror.stage3(old)))
  }

  @Test("a stage3 that was cut off after it was digested is damaged for verify, and not just changed")
  func cutAfterDigest() throws {
    let new = try mirror.version(1)
    #expect(try workspace.mirrorctl("upkeep").status == 0)
    try workspace.shell("truncate -s -8 mirror/\(mirror.stage3(new))")
    #expect(try workspace.mirrorctl("upkeep").status == 3)
    let verify = try workspace.mirrorctl("verify")
    #expect(verify.status == 3)
    #expect(
      verify.text.contains("damaged") && verify.text.contains("\(new).tar.xz (it is truncated or corrupt"),
      "\(verify.text)")
  }

  @Test("after the catalog is lost, a truncated stage3 with a digest by Metro is still not offered")
  func adoption() throws {
    let old = try mirror.version(40)
    let new = try mirror.version(1)
    let file = "mirror/\(mirror.stage3(new))"
    try workspace.shell(
      "truncate -s -8 \(file); echo \"sha256 $(sha256sum < \(file) | cut -c1-64)\" > \(file).hash.txt")
    #expect(try workspace.mirrorctl("upkeep", "--keep", "1").status == 3)
    #expect(mirror.exists(mirror.stage3(old)))
    #expect(!mirror.text("index.xml").contains(new))
  }

  @Test(
    "verify --check finds an archive that lacks its end mark, which is valid for its compression",
    arguments: [("gz", "gzip"), ("bz2", "bzip2"), ("xz", "xz"), ("zst", "zstd -q"), ("xz", "pixz -1")])
  func endMark(format: String, program: String) throws {
    let day = try mirror.version(1, stage: nil)
    let file = "\(DatedMirror.subarch)/\(day)/stage3-gen-std-\(day).tar.\(format)"
    try workspace.shell(
      "seq 9000 > numbers; tar -cf all.tar numbers; head -c 16384 all.tar > start; \(program) < all.tar > mirror/\(file)"
    )
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    let whole = try workspace.mirrorctl("verify", "--check")
    #expect(whole.status == 0, "\(whole.text)")
    try workspace.shell("\(program.replacing("pixz -1", with: "xz")) < start > mirror/\(file)")
    #expect(try workspace.mirrorctl("digestgen", "--force").status == 0)
    let cut = try workspace.mirrorctl("verify", "--check")
    #expect(cut.status == 3 && cut.text.contains("the end mark of its archive is missing"), "\(cut.text)")
  }

  @Test("verify --check decompresses, and finds damage that the end of a gzip file does not show")
  func check() throws {
    let day = try mirror.version(1, stage: nil)
    let file = "\(DatedMirror.subarch)/\(day)/stage3-gen-std-\(day).tar.gz"
    try workspace.shell("seq 100000 | gzip > mirror/\(file); truncate -s -9 mirror/\(file)")
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    #expect(try workspace.mirrorctl("verify").status == 0)
    let checked = try workspace.mirrorctl("verify", "--check")
    #expect(checked.status == 3)
    #expect(checked.text.contains("damaged") && checked.text.contains(file), "\(checked.text)")
    let index = try workspace.mirrorctl("index")
    #expect(index.status == 3)
    #expect(!mirror.text("index.xml").contains(day))
  }

  @Test("a version dated in the future is kept and reported, never offered and never the newest")
  func future() throws {
    let old = try mirror.version(9)
    try workspace.shell(
      """
      cd mirror/\(DatedMirror.subarch); cp -a \(old) 2099-01-01
      mv 2099-01-01/*.xz 2099-01-01/stage3-gen-std-2099-01-01.tar.xz
      mkdir ../../snapshots; echo tree | xz > ../../snapshots/portage-9999-12-31.tar.xz
      """)
    let upkeep = try workspace.mirrorctl("upkeep", "--keep", "1")
    #expect(upkeep.status == 0, "\(upkeep.errorText)")
    #expect(upkeep.errorText.contains("/2099-01-01: is dated in the future"))
    #expect(upkeep.errorText.contains("portage-9999-12-31.tar.xz: is dated in the future"))
    #expect(mirror.exists("\(DatedMirror.subarch)/2099-01-01/status") && mirror.exists(mirror.stage3(old)))
    #expect(mirror.text("index.xml").contains(old) && !mirror.text("index.xml").contains("2099"))
    let status = try workspace.mirrorctl("status", "--json").text
    #expect(status.contains("\"date\" : \"\(old)\"") && status.contains("\"ageDays\" : 9"), "\(status)")
    #expect(!status.contains("9999-12-31"))
    #expect(try workspace.mirrorctl("nextbuild").text.contains("fulldate=\(old)"))
  }

  @Test("a subarch with too many failures is reported by build, nextbuild and metrics")
  func givenUp() throws {
    try mirror.version(9)
    try workspace.shell(
      "mkdir mirror/\(DatedMirror.subarch)/.control; echo 3 > mirror/\(DatedMirror.subarch)/.control/.failcount"
    )
    let words = "\(DatedMirror.subarch) is out of the rotation after 3 failures: run `mirrorctl zap"
    let next = try workspace.mirrorctl("nextbuild")
    #expect(next.text == "" && next.errorText.contains(words), "\(next.errorText)")
    let build = try workspace.mirrorctl("build")
    #expect(build.status == 0 && build.text == "Builds are current.\n")
    #expect(build.errorText.contains(words))
    #expect(try workspace.mirrorctl("build", "--quiet").errorText == "")
    let metrics = try workspace.mirrorctl("status", "--format", "prometheus").text
    #expect(metrics.contains("mirrorctl_subarch_given_up{") && metrics.contains("subarch=\"gen\"} 1\n"))
    #expect(try workspace.mirrorctl("index", "--format", "html").status == 0)
    #expect(mirror.text("\(DatedMirror.subarch)/index.html").contains("out of the rotation"))
  }

  @Test("the same image in two versions or subarches is listed once, under the newest")
  func images() throws {
    for (subarch, ago) in [("gen", 9), ("gen", 2), ("core", 5)] {
      let day = try mirror.version(ago, subarch: "std/x86-64bit/\(subarch)")
      try workspace.shell(
        "echo same | xz > mirror/std/x86-64bit/\(subarch)/\(day)/lxd-\(subarch)-std-\(day).tar.xz")
    }
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    #expect(try workspace.mirrorctl("index", "--format", "simplestreams").status == 0)
    let images = mirror.text("streams/v1/images.json")
    let newest = try mirror.day(2)
    #expect(images.contains("lxd-gen-std-\(newest)"))
    let paths = images.split(separator: "\n").filter { $0.contains("\"path\"") }
    #expect(Set(paths.map { $0.trimmingCharacters(in: .whitespaces) }).count == 1, "\(images)")
  }

  @Test("a time after 2262 does not overflow: the tarball is digested once and not changed")
  func farTime() throws {
    let day = try mirror.version(1)
    try workspace.shell("touch -d @9300000000 mirror/\(mirror.stage3(day))")
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    #expect(try workspace.mirrorctl("digestgen").text == "")
    #expect(try workspace.mirrorctl("verify").status == 0)
  }
}

@Suite("Adding a finished stage")
struct AddTests {
  private let mirror: DatedMirror
  private var workspace: Workspace { mirror.workspace }

  init() throws { mirror = try DatedMirror() }

  @Test("it is offered like one built here, and the latest link points to it")
  func add() throws {
    try workspace.shell(
      "echo x > file; tar cJf stage3-amd64.tar.xz file; echo image | xz > lxd-gen-std-2026-11-01.tar.xz; echo '{\"CHOST\": \"x\"}' > build-info.json"
    )
    let outcome = try workspace.mirrorctl(
      "add", "std", "some-arch", "gen", "2026-11-01", "\(workspace.path)/stage3-amd64.tar.xz",
      "\(workspace.path)/lxd-gen-std-2026-11-01.tar.xz", "\(workspace.path)/build-info.json")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let lines = outcome.text.split(separator: "\n")
    #expect(Set(lines).count == lines.count, "no file is listed twice: \(outcome.text)")
    let place = "std/some-arch/gen"
    let stage = "\(place)/2026-11-01/stage3-gen-std-2026-11-01.tar.xz"
    #expect(mirror.exists(stage) && mirror.exists("\(stage).hash.txt"))
    #expect(mirror.text("\(place)/2026-11-01/status") == "ok")
    #expect(mirror.exists("\(place)/stage3-latest.tar.xz"))
    let upkeep = try workspace.mirrorctl("upkeep")
    #expect(upkeep.status == 0, "\(upkeep.errorText)")
    #expect(mirror.text("index.xml").contains(stage) && mirror.text("index.xml").contains("CHOST"))
    #expect(try workspace.mirrorctl("verify").status == 0)
  }

  @Test("a damaged, misnamed or existing tarball changes nothing")
  func refusals() throws {
    try workspace.shell(
      "echo x > file; tar cJf stage3-a.tar.xz file; truncate -s -3 stage3-a.tar.xz; tar czf stage3-b.tar.xz file; echo x | xz > other.tar.xz; echo x | xz > stage1-a.tar.xz"
    )
    for (file, words) in [
      ("stage3-a.tar.xz", "is truncated or damaged"),
      ("stage3-b.tar.xz", "its content does not match its name"),
      ("other.tar.xz", "is not named like a release file of a build"),
      ("stage1-a.tar.xz", "nothing to offer"), ("none.tar.xz", "is not named"),
      ("stage3-none.tar.xz", "cannot open"),
    ] {
      let outcome = try workspace.mirrorctl(
        "add", "std", "some-arch", "gen", "2026-11-01", "\(workspace.path)/\(file)")
      #expect(outcome.status == 1, "\(file)")
      #expect(outcome.errorText.contains(words), "\(outcome.errorText)")
    }
    #expect(!mirror.exists("std"))
    let day = try mirror.version(3)
    try workspace.shell("echo x > file; tar cJf stage3-fine.tar.xz file")
    let again = try workspace.mirrorctl(
      "add", "std", "x86-64bit", "gen", day, "\(workspace.path)/stage3-fine.tar.xz")
    #expect(again.status == 1 && again.errorText.contains("already exists"), "\(again.errorText)")
  }
}
