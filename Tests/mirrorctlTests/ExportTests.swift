import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("export") struct ExportTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      mkdir -p root/bin root/etc root/usr/share
      cp "$(command -v busybox)" root/bin/busybox; ln -s busybox root/bin/sh; ln root/bin/busybox root/bin/second
      echo 'NAME=Tiny' > root/etc/os-release; chmod 640 root/etc/os-release; chown 7:8 root/etc/os-release
      truncate -s 3M root/usr/share/hole; echo end >> root/usr/share/hole
      setfattr -n user.note -v text root/etc; setcap cap_net_raw+ep root/bin/busybox
      find root -exec touch -hd 2026-11-20T10:00:00.5Z {} +
      tar --xattrs --xattrs-include='*' --acls -C root -cJf stage3.tar.xz .
      """)
  }

  /// Runs the verb with this umask and time zone; `@` stands for the working directory.
  private func export(_ arguments: [String], umask: String = "022", zone: String = "UTC") throws -> Outcome {
    try workspace.run(
      ["env", "TZ=\(zone)", "sh", "-c", "umask \(umask); exec \"$@\"", "sh", Program.path.string, "export"]
        + arguments.map { $0.hasPrefix("@") ? "\(workspace.path)/\($0.dropFirst())" : $0 })
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test(
    "an OCI image is what skopeo and umoci expect, and has every file of the stage", arguments: ["gz", "zst"])
  func image(compression: String) throws {
    let outcome = try export([
      "--json", "--set", "compression=\(compression)", "--set", "level=3", "--set",
      "label/org.example.note=a=b", "--set", "tag=v1",
      "--epoch", "1795348800", "@stage3.tar.xz", "@x.oci.tar",
    ])
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let report = try json(outcome.text)
    let file = try #require((report["files"] as? [[String: Any]])?.first)
    let digest = try #require((file["digests"] as? [String: String])?["sha256"])
    try workspace.shell("echo '\(digest)  x.oci.tar' | sha256sum -c")
    let found = try json(try workspace.shell("skopeo inspect oci-archive:x.oci.tar:v1").text)
    #expect(found["Architecture"] as? String == report["architecture"] as? String)
    #expect(found["Created"] as? String == "2026-11-22T12:00:00Z")
    #expect((found["Labels"] as? [String: String]) == ["org.example.note": "a=b"])
    let type = compression == "gz" ? "gzip" : "zstd"
    let manifest = try json(try workspace.shell("skopeo inspect --raw oci-archive:x.oci.tar:v1").text)
    let layer = try #require((manifest["layers"] as? [[String: Any]])?.first)
    #expect(layer["mediaType"] as? String == "application/vnd.oci.image.layer.v1.tar+\(type)")
    // umoci of Debian 12 cannot read zstd; skopeo checks and converts such a layer.
    try workspace.shell(
      """
      skopeo copy --dest-compress --dest-compress-format gzip oci-archive:x.oci.tar:v1 oci:layout:v1
      umoci raw unpack --image layout:v1 unpacked
      mkdir expected; tar --xattrs --xattrs-include='*' -C expected -xJpf stage3.tar.xz
      """)
    for root in ["unpacked", "expected"] {
      try workspace.shell(
        """
        cd \(root)
        find . -printf '%p %y %m %U %G %n %T@ %l\\n' | sort > ../\(root).list
        find . -type f -exec sha256sum {} + | sort >> ../\(root).list
        getfattr -Rhd -m '^(user|security.capability)' . >> ../\(root).list
        """)
    }
    let difference = try workspace.run([
      "diff", "\(workspace.path)/unpacked.list", "\(workspace.path)/expected.list",
    ])
    #expect(difference.status == 0, "\(difference.text)")
  }

  @Test("the same files at another place, with other threads, umask and time zone, give the same bytes")
  func reproducible() throws {
    for (name, jobs, umask, zone) in [("a", "1", "077", "UTC"), ("b", "3", "000", "Asia/Tokyo")] {
      try workspace.shell("cp -a root \(name)")
      let outcome = try export(
        [
          "--epoch", "1795348800", "-j", jobs, "--set", "compression=zst", "--set", "level=3", "@\(name)",
          "@\(name).oci.tar",
        ], umask: umask, zone: zone)
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
    try workspace.shell("cmp a.oci.tar b.oci.tar")
  }

  @Test("the architecture of a stage is found if its shell is a hard link to another file of it")
  func linkedShell() throws {
    try workspace.shell(
      """
      mkdir -p linked/bin; cp root/bin/busybox linked/bin/ash; ln linked/bin/ash linked/bin/busybox
      ln linked/bin/ash linked/bin/sh; tar -C linked --sort=name -cf linked.tar bin
      tar -tvf linked.tar | grep -q 'bin/busybox link to bin/ash'
      """)
    let outcome = try export(["--json", "--set", "level=1", "@linked.tar", "@x.oci.tar"])
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let found = try json(try workspace.shell("skopeo inspect oci-archive:x.oci.tar").text)
    #expect(try json(outcome.text)["architecture"] as? String == found["Architecture"] as? String)
    // A link to a file that is not there leads nowhere.
    try workspace.shell("tar --delete -f linked.tar bin/ash")
    let broken = try export(["@linked.tar", "@y.oci.tar"])
    #expect(broken.errorText.contains("linked.tar: does not contain a shell"), "\(broken.errorText)")
  }

  @Test("wrong input is refused with its name, and writes nothing")
  func wrong() throws {
    try workspace.shell(
      "mkdir empty; mkfifo pipe; head -c 3000 stage3.tar.xz > cut.tar.xz; mkdir -p list; ls -A > list/before")
    for (arguments, status, message) in [
      (["@stage3.tar.xz", "@x.img"], 64, "the format is unknown"),
      (["@missing.tar.xz", "@x.oci.tar"], 1, "missing.tar.xz: "),
      (["@empty", "@x.oci.tar"], 1, "empty: does not contain a shell"),
      (["@cut.tar.xz", "@x.oci.tar"], 1, "cut.tar.xz: is truncated"),
      (
        ["--set", "level=99", "@stage3.tar.xz", "@x.oci.tar"], 1,
        "export/oci/level: `99` is not a number from 1 to 9"
      ),
      (["--set", "levels=9", "@stage3.tar.xz", "@x.oci.tar"], 1, "did you mean level?"),
      (["--to", "ocl", "@stage3.tar.xz", "@x.oci.tar"], 64, "ocl"),
      (["--with", "cloud", "@stage3.tar.xz", "@x.oci.tar"], 1, "export/cloud/format: is not set"),
      (["@stage3.tar.xz", "@none/x.oci.tar"], 1, "none: "),
      (["--to", "oci", "@stage3.tar.xz", "@pipe"], 5, "pipe: exists, and is not a file"),
      (["--to", "oci", "@stage3.tar.xz", "@empty"], 5, "empty: exists, and is not a file"),
    ] {
      let outcome = try export(arguments)
      #expect(outcome.status == Int32(status), "\(arguments)")
      #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
    }
    try workspace.shell("ls -A | diff list/before -; test -p pipe")
  }
}
