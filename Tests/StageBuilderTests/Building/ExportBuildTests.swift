import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Extras that are exported images", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct ExportBuildTests {
  private static let version = TrivialSite.date
  private static let subarch = TrivialSite.subarch.joined(separator: "/")

  /// An extra that is an image of another extra.
  private static let cloud = """
    [section target when target is cloud]
    spec: export
    [section export/cloud]
    format: oci
    compression: zst
    level: 3
    tag: cloud
    source: image

    """

  private static func image(_ name: String, _ suffix: String = "oci.tar") -> String {
    "\(version)/\(name)-generic_64-gentoo-\(version).\(suffix)"
  }

  /// Runs commands in the directory of the subarch.
  @discardableResult
  private func subarch(_ site: TrivialSite, _ command: String) throws -> String {
    try site.workspace.shell("cd mirror/\(Self.subarch); \(command)").text
  }

  private func inspect(_ site: TrivialSite, _ image: String) throws -> [String: Any] {
    let text = try subarch(site, "skopeo inspect oci-archive:\(image)")
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test("are made from stages of the same build, with digests, links and records, and are offered")
  func whole() throws {
    let site = try TrivialSite(Self.cloud)
    let built = try site.build("full+oci+image+cloud", "--json")
    try #require(built.status == 0, "\(built.errorText)")
    #expect(try OutputSchema.problem(of: built.output, by: ["build", "--json"]) == nil)
    let (oci, cloud) = (Self.image("oci"), Self.image("cloud"))
    let sum = String(try subarch(site, "sha256sum < \(oci)").prefix(64))
    let words = built.text.filter { !$0.isWhitespace }
    #expect(words.contains(#""format":"oci""#) && words.contains("\"sha256\":\"\(sum)\""), "\(built.text)")
    #expect(site.text("\(oci).hash.txt") == "sha256 \(sum)\n")
    #expect(try site.link("oci-latest.oci.tar") == oci && site.link("cloud-latest.oci.tar") == cloud)
    for record in ["oci", "cloud"] {
      #expect(site.text(".control/version/stage4/\(record)") == "\(Self.version)\n")
    }
    let log = try #require(site.text("\(Self.version)/log/cloud.txt"))
    #expect(log.contains("/image-generic_64-gentoo-\(Self.version).tar.xz as oci\n"), "\(log)")
    #expect(log.contains("cloud: \(Self.subarch)/\(cloud), "), "\(log)")

    let found = try inspect(site, oci)
    #expect(found["Created"] as? String == "\(Self.version)T00:00:00Z")
    #expect(
      try inspect(site, "\(cloud):cloud")["Architecture"] as? String == found["Architecture"] as? String)
    // The layer is the tarball, compressed again.
    for (image, tag, source, program) in [
      (oci, "latest", "stage3", "zcat"), (cloud, "cloud", "image", "zstd -dc"),
    ] {
      try subarch(
        site,
        """
        layer=$(skopeo inspect --raw oci-archive:\(image):\(tag) |
          python3 -c 'import json, sys; print(json.load(sys.stdin)["layers"][0]["digest"][7:])')
        xzcat \(Self.image(source, "tar.xz")) > archive
        tar -xOf \(image) blobs/sha256/$layer | \(program) | cmp - archive; rm archive
        """)
    }

    #expect(try site.run(["digestgen"]).text.contains(".oci.tar") == false, "they are digested")
    #expect(try site.run(["status"]).text.contains("(cloud.oci.tar,image,oci.oci.tar,stage3)"))
    #expect(try site.run(["index"]).status == 0)
    let index = try site.workspace.shell("cat mirror/index.xml").text
    #expect(index.contains(#"variant="oci" format="oci.tar""#) && index.contains(sum), "\(index)")
    let again = try site.build("full+oci+image+cloud")
    #expect(
      again.status == 0 && again.text.split(separator: "\n").allSatisfy { $0.hasSuffix("already exists") })
    // What was built before it is there is used: nothing else is needed.
    try subarch(site, "rm \(oci) \(oci).hash.txt")
    let alone = try site.build("full", "target:", "oci")
    #expect(alone.status == 0, "\(alone.errorText)")
    #expect(try subarch(site, "sha256sum < \(oci)").hasPrefix(sum), "the same stage gives the same image")
  }

  @Test("are made from a stage that is compressed later, and are the same when it is compressed")
  func later() throws {
    let site = try TrivialSite(
      """
      [section target when target is flat]
      spec: export
      [section export/flat]
      format: wsl
      level: 1
      """)
    let (oci, flat) = (Self.image("oci"), Self.image("flat", "wsl"))
    let built = try site.build("full+oci+flat", "capture/compress:", "later")
    try #require(built.status == 0, "\(built.errorText)")
    let stage = Self.image("stage3", "tar")
    #expect(site.text("\(stage).cme") == "", "the stage is still to be compressed")
    let log = try #require(site.text("\(Self.version)/log/oci.txt"))
    #expect(log.contains("/stage3-generic_64-gentoo-\(Self.version).tar as oci\n"), "\(log)")
    let again = try site.build("full+oci+flat", "capture/compress:", "later")
    #expect(
      again.status == 0 && again.text.split(separator: "\n").allSatisfy { $0.hasSuffix("already exists") },
      "\(again.text) \(again.errorText)")
    let sums = try subarch(site, "sha256sum \(oci) \(flat)")
    #expect(try site.run(["compress", "--compression-level", "0"]).status == 0)
    #expect(site.text(stage) == nil && site.text("\(stage).xz") != nil)
    #expect(try site.link("oci-latest.oci.tar") == oci)
    try subarch(site, "rm \(oci)* \(flat)*")
    for target in ["oci", "flat"] {
      let alone = try site.build("full", "target:", target)
      #expect(alone.status == 0, "\(alone.errorText)")
    }
    #expect(try subarch(site, "sha256sum \(oci) \(flat)") == sums)
  }

  @Test("fail alone, and are made by the next build")
  func alone() throws {
    // Nothing says before that this image cannot be made.
    let site = try TrivialSite("[section export/oci]\narchitecture: alpha\n" + Self.cloud)
    let outcome = try site.build("full+oci+image+cloud")
    #expect(outcome.status == 3, "\(outcome.errorText)")
    #expect(outcome.errorText.contains(": oci: Alpha: has no name in OCI images"), "\(outcome.errorText)")
    #expect(
      outcome.errorText.contains("oci: consecutive failures: 1") && !outcome.errorText.contains("oci: |"))
    #expect(site.text("\(Self.version)/status") == "ok" && site.text("\(Self.version)/failed") == "oci\n")
    #expect(try site.link("cloud-latest.oci.tar") == Self.image("cloud"))
    #expect(site.text(Self.image("oci")) == nil && site.text(".control/version/stage4/oci") == nil)
    #expect(try site.workspace.shell("find tmp/work ! -type d").text == "")
    let again = try site.build("full+oci+image+cloud", "export/oci/architecture:", "amd64")
    #expect(again.status == 0, "\(again.errorText)")
    #expect(site.text("\(Self.version)/failed") == "" && site.text(".control/failcount/oci") == nil)
  }

  @Test(
    "are refused before anything is built",
    arguments: [
      (["export/oci/level:", "99"], "export/oci/level: `99` is not a number from 1 to 9"),
      (["export/oci/levels:", "9"], "did you mean level?"),
      (["export/oci/test:", "yes"], "export/oci/test: is not possible for format oci, which does not boot"),
      (["export/oci/format:", "ocl"], "`ocl` is not a format of images"),
      (["export/oci/format:", "nspawn"], "nspawn has digests of its own, unlike the files of a mirror"),
      (["path/mirror/target:", "/srv/elsewhere"], "is not in the mirror"),
    ])
  func refused(definitions: [String], message: String) throws {
    let site = try TrivialSite()
    let outcome = try site.run(
      ["build"] + TrivialSite.subarch + ["full+oci", Self.version] + definitions)
    #expect(outcome.status == 1 && outcome.errorText.contains(message), "\(outcome.errorText)")
    #expect(try site.names() == ["2026-11-01"] && site.text(".control/.failcount") == nil)
  }

  @Test(
    "need programs, which are named with their packages before anything is built",
    .enabled(if: geteuid() == 0 && Tool.exists("tar2sqfs")))
  func missing() throws {
    let site = try TrivialSite(
      """
      [section target when target is small]
      spec: export
      [section export/small]
      format: squashfs
      """)
    let outcome = try site.workspace.run(
      [
        "unshare", "-m", "sh", "-c", "mount --bind /dev/null \"$(command -v tar2sqfs)\" && exec \"$@\"", "sh",
        "env", "MIRRORCTL_CONFIG=\(site.workspace.path)/conf", Program.path.string, "build",
      ] + TrivialSite.subarch + ["full+oci+small", Self.version])
    #expect(
      outcome.status != 0
        && outcome.errorText.contains(
          "install squashfs-tools-ng (Debian) or sys-fs/squashfs-tools-ng (Gentoo)"),
      "\(outcome.errorText)")
    #expect(try site.names() == ["2026-11-01"] && site.text(".control/.failcount") == nil)
  }

  private static let canTest = ["qemu-system-x86_64", "xorriso", "grub-mkimage", "mcopy", "tar2sqfs"]
    .allSatisfy(
      Tool.exists)

  @Test("are offered only if they boot, where a test is asked for", .enabled(if: Self.canTest))
  func tested() throws {
    let site = try TrivialSite(
      """
      [section target when target is live]
      spec: export
      [section export/live]
      format: iso
      timeout: 0
      test: yes
      [section test]
      firmware: bios
      memory: 256M
      [section trivial]
      extra: [
      mkdir -p /boot /tmp/i
      : > /tmp/i/dmsquash-live
      cd /tmp/i && find . | cpio -o -H newc > /boot/initramfs-6.12.img
      cd / && rm -r /tmp/i
      echo '\(TinyKernel.file.base64EncodedString())' | base64 -d > /boot/vmlinuz-6.12
      ]
      """)
    let panic = "Kernel panic - not syncing: no root"
    let bad = try site.build("full+live", "export/live/cmdline:", panic)
    #expect(bad.status == 3, "\(bad.errorText)")
    #expect(
      bad.errorText.contains("failed its test: booted with BIOS")
        && bad.errorText.contains("the kernel panicked"),
      "\(bad.errorText)")
    #expect(site.text("\(Self.version)/log/live.txt")?.contains(panic) == true)
    #expect(try subarch(site, "ls -d *.iso */*.iso 2> /dev/null || :") == "")
    #expect(try site.workspace.shell("find tmp/work ! -type d").text == "")
    let good = try site.build("full+live", "test/expect:", "root=live:CDLABEL=")
    #expect(good.status == 0, "\(good.errorText)")
    #expect(try site.link("live-latest.iso") == Self.image("live", "iso"))
  }

  @Test("are not offered while their version is a candidate")
  func candidate() throws {
    let site = try TrivialSite("[section build]\nstage: candidate\n")
    #expect(try site.build("full+oci").status == 0)
    #expect(try subarch(site, "ls -d *latest* .control/version/stage4 2> /dev/null || :") == "")
    let promoted = try site.run(["promote", "\(Self.subarch)/\(Self.version)"])
    #expect(promoted.status == 0, "\(promoted.errorText)")
    #expect(try site.link("oci-latest.oci.tar") == Self.image("oci"))
    #expect(site.text(".control/version/stage4/oci") == "\(Self.version)\n")
  }

  @Test("appear whole or not at all if the build is killed, and the next build makes them")
  func killed() throws {
    let site = try TrivialSite("[section export/oci]\nlevel: 9\n")
    try #require(try site.build("full").status == 0)
    let image = Self.image("oci")
    var random = Seeded(state: 19)
    let rounds: UInt32 = Soak.isFull ? 60 : 3
    for round in 0..<rounds {
      let run = try site.workspace.start(
        [
          "env", "MIRRORCTL_CONFIG=\(site.workspace.path)/conf", Program.path.string, "build",
        ] + TrivialSite.subarch + ["full+oci", Self.version])
      // Until the export begins, then for a part of the time that it takes, a longer one in each round.
      for _ in 0..<400 where run.isRunning {
        if site.text("\(Self.version)/log/oci.txt")?.contains(" as oci\n") == true { break }
        usleep(5000)
      }
      usleep((round * 400_000 + .random(in: 0..<400_000, using: &random)) / rounds)
      kill(run.pid, SIGKILL)
      _ = try run.wait()
      if site.text(image) == nil {
        // An image that is not there has no digests, link or record.
        #expect(try subarch(site, "ls -d *.oci.tar \(image).hash.txt 2> /dev/null || :") == "", "\(round)")
      } else {
        _ = try inspect(site, image)
        try subarch(site, "rm \(image)*; rm -f oci-latest* .control/version/stage4/oci")
      }
      try subarch(site, "rm -f \(Self.version)/log/oci.txt")
    }
    let last = try site.build("full+oci")
    #expect(last.status == 0, "\(last.errorText)")
    _ = try inspect(site, image)
    #expect(try site.workspace.shell("find tmp/work tmp/run ! -type d").text == "")
    #expect(try site.run(["upkeep"]).status == 0)
    #expect(try site.workspace.shell("find mirror -name '*.tmp'").text == "")
  }

  @Test("are the same if they are made on another file system", .enabled(if: Self.hasMemory))
  func elsewhere() throws {
    let place = "/dev/shm/mirrorctl-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: place) }
    let site = try TrivialSite()
    try #require(try site.build("full").status == 0)
    let sums = try [place, "\(site.workspace.path)/tmp"].map { tmp in
      let outcome = try site.build("full", "target:", "oci", "path/tmp:", tmp)
      #expect(outcome.status == 0, "\(outcome.errorText)")
      let image = Self.image("oci")
      let sum = try subarch(site, "sha256sum < \(image); stat -c %a \(image)")
      try subarch(site, "rm \(image)*")
      return sum
    }
    #expect(sums[0] == sums[1])
  }

  /// Whether there is a file system in memory.
  private static let hasMemory = access("/dev/shm", W_OK) == 0
}
