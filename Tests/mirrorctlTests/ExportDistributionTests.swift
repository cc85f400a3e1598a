import Foundation
import SystemPackage
import TestSupport
import Testing

/// Tarballs for the Windows Subsystem for Linux and for systemd-nspawn.
@Suite("export to a tarball") struct ExportDistributionTests {
  private let site: ExportSite
  private var workspace: Workspace { site.workspace }

  init() throws { site = try ExportSite() }

  private func export(_ arguments: String...) throws {
    let outcome = try site.export(ExportSite.epoch + arguments)
    try #require(outcome.status == 0, "\(outcome.errorText)")
  }

  /// Unpacks an image, and prints what it has beside the stage, and what the stage has beside it.
  private func difference(_ image: String) throws -> String {
    let list = ExportSite.list(time: "%T@", attributes: "^(user|security.capability|system)")
    return try workspace.shell(
      """
      rm -rf u; mkdir u; tar -C u --xattrs --xattrs-include='*' --acls -xpf \(image)
      (cd root; \(list)) > expected; (cd u; \(list)) > found; diff expected found | grep '^[<>]' | cut -d' ' -f1-6 || :
      """
    ).text
  }

  @Test("a .wsl file has the files of the stage and those that Windows reads, and no resolv.conf")
  func wsl() throws {
    try workspace.shell("echo 'nameserver 192.0.2.1' > root/etc/resolv.conf")
    try workspace.shell("find root -depth -exec touch -hd 2026-11-20T10:00:00.5Z {} +")
    try export("--set", "user=admin", "@root", "@Tiny-9.wsl")
    #expect(
      try workspace.shell("head -c 3 Tiny-9.wsl | od -An -tx1; file=Tiny-9.wsl; gzip -t < $file").text
        == " 1f 8b 08\n")
    #expect(
      try workspace.shell(
        "tar -xzOf Tiny-9.wsl ./etc/wsl-distribution.conf; tar -xzOf Tiny-9.wsl ./etc/wsl.conf"
      ).text
        == "[oobe]\ndefaultName = Tiny-9\n[boot]\nsystemd = false\n\n[user]\ndefault = admin\n")
    let difference = try difference("Tiny-9.wsl").split(separator: "\n").map(String.init)
    #expect(difference.contains("> ./etc/wsl.conf f 644 0 0"))
    #expect(difference.contains("> ./etc/wsl-distribution.conf f 644 0 0"))
    #expect(difference.contains("< ./etc/resolv.conf f 644 0 0"))
    #expect(
      difference.filter { !$0.contains("./etc") && !$0.contains("  ") }
        == [])
    // The root of the archive is the root of the system, and names occur once.
    #expect(
      try workspace.shell("tar -tzf Tiny-9.wsl | head -n 1; tar -tzf Tiny-9.wsl | sort | uniq -d").text
        == "./\n")
  }

  @Test(
    "for a stage with systemd, a .wsl file masks the units that cause problems there, and keeps files of the stage"
  )
  func systemd() throws {
    try workspace.shell(
      """
      mkdir -p root/usr/lib/systemd root/etc/systemd/system; touch root/usr/lib/systemd/systemd
      echo '[boot]' > root/etc/wsl.conf; ln -s /usr/lib/x root/etc/systemd/system/tmp.mount; printf '\\0\\0\\1\\0icon' > i.ico
      tar -C root --sort=name -cf stage3.tar .; tar -C root --sort=name -cf plain.tar bin etc usr
      """)
    for stage in ["stage3.tar", "plain.tar"] {
      try export("--set", "icon=\(workspace.path)/i.ico", "--set", "name=Tiny", "@\(stage)", "@x.wsl")
      try workspace.shell(
        """
        rm -rf u; mkdir u; tar -C u -xpf x.wsl; test "$(cat u/etc/wsl.conf)" = '[boot]'
        cmp i.ico u/usr/share/wsl/icon.ico; grep -qx 'icon = /usr/share/wsl/icon.ico' u/etc/wsl-distribution.conf
        grep -qx 'defaultName = Tiny' u/etc/wsl-distribution.conf
        test "$(stat -c '%u %g %a' u/etc/systemd/user)" = '0 0 755'
        """)
      let masked = try workspace.shell("cd u/etc/systemd; find . -lname /dev/null | LC_ALL=C sort").text
        .split(separator: "\n")
      #expect(masked.count == 17)
      #expect(masked.contains("./system/systemd-resolved.service") && masked.contains("./user/tmp.mount"))
      #expect(try workspace.shell("readlink u/etc/systemd/system/tmp.mount").text == "/usr/lib/x\n")
    }
    #expect(try workspace.shell("tar -tzf x.wsl | grep -c '^\\./' || :").text == "0\n")
    try export("--set", "systemd=no", "--set", "name=Tiny", "@stage3.tar", "@x.wsl")
    #expect(try workspace.shell("tar -tzf x.wsl | grep -c user/tmp.mount || :").text == "0\n")
  }

  @Test(
    "the same files at another place, with other threads, umask and time zone, give the same bytes",
    arguments: [("wsl", ".wsl"), ("nspawn", ".tar.xz")])
  func reproducible(format: String, suffix: String) throws {
    try workspace.shell("cp -a root other; mkdir x y")
    for (stage, place, jobs, umask, zone) in [
      ("root", "x", "1", "077", "UTC"), ("other", "y", "3", "000", "Asia/Tokyo"),
    ] {
      let outcome = try site.export(
        ExportSite.epoch + [
          "--to", format, "--set", "level=1", "-j", jobs, "@\(stage)", "@\(place)/tiny\(suffix)",
        ],
        umask: umask, zone: zone)
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
    try workspace.shell("diff -r x y")
  }

  @Test("archives in all formats of tar are read member by member, and damaged ones are refused")
  func archives() throws {
    try workspace.shell("ln root/etc/os-release root/etc/copy; echo x > root/etc/resolv.conf")
    for format in ["gnu", "oldgnu", "posix", "ustar", "v7"] {
      // The last two have no names of more than 255 bytes and no large numbers of users.
      let excluded =
        ["ustar", "v7"].contains(format) ? "--exclude=nnn* --exclude=dev --exclude=hole" : "--sparse"
      try workspace.shell(
        "tar -C root --sort=name --format=\(format) \(excluded) -cf s.tar . 2> log || { cat log >&2; exit 1; }"
      )
      try export("--set", "name=T", "@s.tar", "@x.wsl")
      #expect(
        try workspace.shell(
          "tar -tvf s.tar > a; tar -tvzf x.wsl > b; diff a b | grep '^[<>]' | awk '{print $1, $NF}'"
        ).text
          == "< ./etc/resolv.conf\n> ./etc/wsl-distribution.conf\n> ./etc/wsl.conf\n", "\(format)")
    }
    let before = try site.names()
    for (damage, message) in [
      ("head -c 1000000 s.tar", "is truncated"),
      ("printf x | dd of=copy bs=1 seek=100 conv=notrunc", "a header is damaged"),
      (
        "ln root/etc/resolv.conf root/etc/second; tar -C root --sort=name -cf copy bin etc",
        "has a hard link to etc/resolv.conf, which must not be in the image"
      ),
    ] {
      try workspace.shell("cp s.tar copy; \(damage.hasPrefix("head") ? damage + " > copy" : damage) 2> log")
      let outcome = try site.export(["--set", "architecture=amd64", "@copy", "@y.wsl"])
      #expect(outcome.status == 1)
      #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
      try workspace.shell("rm copy")
    }
    #expect(try site.names() == before)
  }

  @Test("wrong settings are refused before anything is made")
  func refused() throws {
    try workspace.shell("echo 'not an icon' > i.ico")
    let before = try site.names()
    for (arguments, message) in [
      (["--set", "name=a b", "@root", "@x.wsl"], "name: `a b` has other characters"),
      (["--set", "icon=\(workspace.path)/i.ico", "@root", "@x.wsl"], "i.ico: is not an icon"),
      (["--set", "systemd=maybe", "@root", "@x.wsl"], "systemd: `maybe` is neither yes nor no"),
      (["--to", "nspawn", "@root", "@x.img"], "x.img: is not a name that machinectl knows"),
      (["--to", "nspawn", "@root", "@a b.tar.xz"], "a b.tar.xz: is not the name of a machine"),
      (["--to", "nspawn", "--set", "sign=yes", "@root", "@x.tar.xz"], "sign: needs a signing key"),
    ] {
      let outcome = try site.export(arguments)
      #expect(outcome.status == 1)
      #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
    }
    #expect(try site.names() == before)
  }

  @Test("digests of machines are signed, as gpg and systemd's own download check them")
  func nspawn() throws {
    let key = try SignedMirror.make(.good, home: "g", in: workspace)
    defer { _ = try? workspace.run(["gpgconf", "--homedir", "\(workspace.path)/g", "--kill", "all"]) }
    try workspace.shell(
      """
      mkdir out; printf '[section signing]\\nkey: \(key)\\nhomedir: %s/g\\n' "$PWD" > conf
      (cd root; tar --sort=name --xattrs -cf - .) | xz -0 > one.tar.xz
      """)
    for machine in ["web.tar.gz", "tiny.tar.xz", "web.tar.gz"] {
      try export(
        "--config", "\(workspace.path)/conf", "--to", "nspawn", "--set", "level=1", "@stage3.tar.xz",
        "@out/\(machine)")
    }
    #expect(try workspace.shell("ls -A out").text == "SHA256SUMS\nSHA256SUMS.gpg\ntiny.tar.xz\nweb.tar.gz\n")
    try workspace.shell(
      """
      cd out; sha256sum -c SHA256SUMS; test $(wc -l < SHA256SUMS) = 2; grep -q ' \\*web.tar.gz$' SHA256SUMS
      gpg --batch --homedir ../g --export > ../keys.gpg; gpgv --keyring ../keys.gpg SHA256SUMS.gpg SHA256SUMS
      """)
    #expect(try difference("out/tiny.tar.xz") == "")

    try workspace.shell("mkdir plain")
    // Without a level, a tarball of the same compression is copied, but not if it is damaged.
    try export("--to", "nspawn", "@stage3.tar.xz", "@plain/same.tar.xz")
    try workspace.shell("cmp stage3.tar.xz plain/same.tar.xz; head -c -9 stage3.tar.xz > cut.tar.xz")
    let damaged = try site.export([
      "--set", "architecture=amd64", "--to", "nspawn", "@cut.tar.xz", "@plain/cut.tar.xz",
    ])
    #expect(
      damaged.status == 1 && damaged.errorText.contains("/cut.tar.xz: is truncated"), "\(damaged.errorText)")
    #expect(
      try workspace.shell("ls -A plain; cd plain; sha256sum --quiet -c SHA256SUMS").text
        == "SHA256SUMS\nsame.tar.xz\n")

    let pull = "/usr/lib/systemd/systemd-pull"
    guard ImageHost.mounts, FileManager.default.fileExists(atPath: pull) else { return }
    let server = try WebServer(workspace.path.appending("out"), in: workspace.path.appending("server"))
    // systemd reads this keyring. On a busy machine, its download of several files may wait forever.
    let script = """
      mkdir -p /etc/systemd; mount -t tmpfs none /etc/systemd; cp keys.gpg /etc/systemd/import-pubring.gpg
      for try in 1 2 3; do
        chattr -R -f -i m || :; rm -rf m; mkdir m
        timeout -s KILL 60 \(pull) tar --verify=signature --image-root="$PWD/m" \(server.address)/tiny.tar.xz tiny && exit
        test $? -gt 128 || exit 1
      done; exit 1
      """
    try workspace.shell("unshare -m sh -ec '\(script)' > log 2>&1 || { cat log >&2; exit 1; }")
    #expect(try workspace.shell("cat m/tiny/etc/os-release").text == "NAME=Tiny\n")
    // It makes its read-only copy immutable.
    try workspace.shell("printf x >> out/tiny.tar.xz; chattr -R -f -i m || :; rm -rf m")
    #expect(throws: (any Error).self) { try workspace.shell("unshare -m sh -ec '\(script)'") }
  }
}
