import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("A mirror in Gentoo's layout")
struct GentooLayoutTests {
  private let mirror: GentooMirror

  init() throws { mirror = try GentooMirror() }

  private func refresh() throws {
    try mirror.succeed("digestgen")
    try mirror.succeed("index")
  }

  @Test("is found with the newest file of each name, without status files")
  func status() throws {
    let status = try mirror.succeed("status").text
    #expect(
      status.contains(
        "20200122T170303Z \(mirror.workspace.mirror)/\(GentooMirror.place) "
          + "(stage3-musl,stage3-openrc,stage3-systemd,stage3-x32-openrc)"), "\(status)")
    let json = try mirror.succeed("status", "--json").text
    #expect(json.contains("20200101T170303Z/stage3-amd64-musl-20200101T170303Z.tar.xz"), "\(json)")
    #expect(json.contains("20200122T170303Z/stage3-amd64-systemd-20200122T170303Z.tar.xz"), "\(json)")
    #expect(json.contains("snapshots/gentoo-20200122T170303Z.tar.xz"), "\(json)")
  }

  @Test("has what scripts look for: digests, signatures, lists and links, of each name")
  func refreshed() throws {
    try refresh()
    for name in GentooMirror.names { try mirror.install(name) }
    #expect(try mirror.install("stage3-amd64-openrc").hasPrefix("20200122T170303Z/"))
    #expect(try mirror.install("stage3-amd64-musl").hasPrefix("20200101T170303Z/"))
    // All stage3s are in one list, too.
    let all = try mirror.shell("awk '/stage3/ { print $1 }' latest-stage3.txt").split(separator: "\n")
    #expect(all.count == GentooMirror.names.count, "\(all)")
    #expect(try mirror.shell("readlink current-stage3-amd64-musl") == "20200101T170303Z\n")
    // Nothing of Metro's layout.
    let names = try mirror.shell(
      "find . -name '*.hash.txt' -o -name '*.contents.gz' -o -name latest.txt -o -name status")
    #expect(names.isEmpty, "\(names)")
    #expect(try !mirror.entries().contains { $0.contains("stage1") })
  }

  @Test("is left as it is by a second run, also without a catalog")
  func settled() throws {
    try refresh()
    let list = "find mirror/releases mirror/snapshots ! -type d -printf '%p %i %T@\\n' | sort"
    let before = try mirror.workspace.shell(list).text
    for _ in 1...2 {
      #expect(try mirror.succeed("digestgen").text == "")
      #expect(try mirror.succeed("index").text == "")
      #expect(try mirror.workspace.shell(list).text == before)
      // Only this remains of the runs before.
      try mirror.workspace.shell("rm -rf state")
      let adopted = try mirror.succeed("digestgen").text
      #expect(!adopted.contains("digested") && !adopted.contains("signed"), "\(adopted)")
      #expect(try mirror.workspace.shell(list).text == before)
    }
    #expect(try mirror.succeed("verify").errorText == "")
  }

  @Test("verify finds a tarball, digests and a signature that were changed")
  func verify() throws {
    try refresh()
    try mirror.shell(
      """
      sed -i 's/^\\([0-9a-f]\\{10\\}\\)./\\1x/; s/^# SHA256/# SHA256/' 20200101T170303Z/stage3-amd64-musl-*.sha256
      cd 20200108T170303Z
      head -c -1 stage3-amd64-openrc-20200108T170303Z.tar.xz > x
      printf x >> x; touch -r stage3-amd64-openrc-20200108T170303Z.tar.xz x
      cat x > stage3-amd64-openrc-20200108T170303Z.tar.xz
      touch -r x stage3-amd64-openrc-20200108T170303Z.tar.xz; rm x
      sed -i '/BEGIN PGP SIGNATURE/,$ s|^[A-Za-z0-9+/]\\{20\\}|AAAAAAAAAAAAAAAAAAAA|' stage3-amd64-systemd-*.DIGESTS
      """)
    let outcome = try mirror.workspace.mirrorctl("verify")
    #expect(outcome.status == 4, "\(outcome.text) \(outcome.errorText)")
    #expect(
      outcome.text.contains("20200108T170303Z/stage3-amd64-openrc-20200108T170303Z.tar.xz"), "\(outcome.text)"
    )
    #expect(
      outcome.text.contains("stage3-amd64-systemd-20200108T170303Z.tar.xz.DIGESTS"), "\(outcome.text)")
  }

  @Test("a new file moves its own list and link, and no others")
  func newer() throws {
    try refresh()
    try mirror.add("stage3-amd64-musl", "20200201T000000Z")
    let before = try mirror.shell("cat latest-stage3-amd64-openrc.txt")
    try refresh()
    #expect(try mirror.install("stage3-amd64-musl").hasPrefix("20200201T000000Z/"))
    #expect(try mirror.install("stage3-amd64-openrc").hasPrefix("20200122T170303Z/"))
    #expect(try mirror.shell("cat latest-stage3-amd64-openrc.txt") == before)
    // What is gone yields to what was before.
    try mirror.shell("rm -r 20200201T000000Z")
    try refresh()
    #expect(try mirror.install("stage3-amd64-musl").hasPrefix("20200101T170303Z/"))
    try mirror.shell("rm 20200101T170303Z/stage3-amd64-musl-*")
    try refresh()
    #expect(try !mirror.entries().contains("current-stage3-amd64-musl"))
    #expect(try mirror.shell("grep -c stage3 latest-stage3-amd64-musl.txt || :") == "0\n")
  }

  @Test("clean counts the files of each name, and keeps the newest of each", arguments: [true, false])
  func clean(_ hasLinks: Bool) throws {
    if hasLinks { try refresh() }
    try mirror.succeed("clean", "--apply", "--keep", "1")
    let moments = try mirror.entries().filter { $0.hasSuffix("Z") }
    #expect(moments == ["20200101T170303Z", "20200122T170303Z"])
    let snapshots = try mirror.workspace.shell("ls mirror/snapshots/*.xz").text
    #expect(snapshots == "mirror/snapshots/gentoo-20200122T170303Z.tar.xz\n")
    #expect(try mirror.workspace.shell("cat mirror/distfiles/a0/source-1.txt").text == "source\n")
    try refresh()
    for name in GentooMirror.names { try mirror.install(name) }
  }

  @Test("clean keeps as many files of each name as it is asked to")
  func keep() throws {
    let plan = try mirror.succeed("clean", "--keep", "2").text
    #expect(plan.contains("20200115T170303Z"), "\(plan)")
    try mirror.succeed("clean", "--apply", "--keep", "2")
    let moments = try mirror.entries().filter { $0.hasSuffix("Z") }
    #expect(moments == ["20200101T170303Z", "20200108T170303Z", "20200115T170303Z", "20200122T170303Z"])
    try mirror.succeed("clean", "--apply", "--keep", "2", "--json")
  }

  @Test("is published with lists and links after what they name, to a directory and over rsync")
  func publish() throws {
    try mirror.workspace.shell("mkdir one two")
    let daemon = try RsyncDaemon(["two": mirror.workspace.path.appending("two")], in: mirror.workspace)
    try mirror.configure(
      """
      [section publish/one]
      to: \(mirror.workspace.path)/one
      as: master
      [section publish/two]
      to: \(daemon.url("two"))
      as: master
      delete: yes
      keep-remote-grace: 0s
      """)
    try refresh()
    try mirror.succeed("publish")
    for root in ["one", "two"] { for name in GentooMirror.names { try mirror.install(name, from: root) } }
    try mirror.add("stage3-amd64-openrc", "20200201T000000Z")
    try refresh()
    try mirror.succeed("publish")
    for root in ["one", "two"] {
      #expect(try mirror.install("stage3-amd64-openrc", from: root).hasPrefix("20200201T000000Z/"))
      #expect(try mirror.entries(in: root) == mirror.entries(), "\(root)")
    }
    try mirror.succeed("clean", "--apply", "--keep", "1")
    try mirror.succeed("publish")
    try mirror.succeed("publish")
    #expect(try mirror.entries(in: "two") == mirror.entries())
    for name in GentooMirror.names { try mirror.install(name, from: "two") }
  }

  @Test("a withdrawn moment yields to the newest others of each name, until it is restored")
  func withdraw() throws {
    try refresh()
    let moment = "\(GentooMirror.place)/20200122T170303Z"
    try mirror.succeed("withdraw", moment, "--reason", "does not boot")
    #expect(try mirror.install("stage3-amd64-openrc").hasPrefix("20200115T170303Z/"))
    #expect(try mirror.install("stage3-amd64-systemd").hasPrefix("20200108T170303Z/"))
    #expect(try mirror.install("stage3-amd64-musl").hasPrefix("20200101T170303Z/"))
    try mirror.succeed("restore", moment)
    for name in ["stage3-amd64-openrc", "stage3-amd64-systemd"] {
      #expect(try mirror.install(name).hasPrefix("20200122T170303Z/"))
    }
  }

  @Test("a build server uploads a moment of its own, with its signatures and its link")
  func receive() throws {
    let master = try PublishSite("master", in: mirror.workspace)
    let signing =
      "[section mirror]\nlayout: gentoo\n[section signing]\nkey: \(mirror.key)\nhomedir: \(mirror.workspace.path)/g"
    try master.configure("\(signing)\n[section receive/server]\nsubarches: \(GentooMirror.place)")
    try mirror.workspace.shell(": > master/mirror/.mirrorctl.mirror")
    try mirror.configure(
      """
      [section rotation]
      builds: releases
      arches: amd64
      subarches: autobuilds
      [section publish/master]
      to: \(master.mirror)
      what: own
      receive: upkeep
      as: server
      exclude: snapshots
      """)
    try mirror.succeed("digestgen")
    try mirror.succeed("index")
    try mirror.succeed("publish")
    for verb in ["receive", "digestgen", "index", "verify"] {
      let outcome = try master.run(verb)
      #expect(outcome.status == 0 && outcome.errorText == "", "\(verb): \(outcome.errorText)")
    }
    for name in GentooMirror.names { try mirror.install(name, from: "master/mirror") }
    // A name whose build began earlier and ended later is not older than others.
    try mirror.add("stage3-amd64-musl", "20200121T000000Z")
    try mirror.succeed("digestgen")
    try mirror.succeed("publish")
    for verb in ["receive", "digestgen", "index"] { #expect(try master.run(verb).status == 0) }
    #expect(try mirror.install("stage3-amd64-musl", from: "master/mirror").hasPrefix("20200121T000000Z/"))
  }

  @Test("files made by Gentoo's own tools are kept as they are if they are right")
  func foreign() throws {
    try mirror.shell(
      """
      for file in */*.tar.xz; do
        ( cd $(dirname $file); name=$(basename $file); h=../../../../../g
          gpg="gpg --batch --quiet --no-tty --homedir $PWD/$h"
          { echo '# BLAKE2B HASH'; b2sum $name; echo '# SHA512 HASH'; sha512sum $name
            echo '# BLAKE2B HASH'; b2sum $name.CONTENTS.gz; echo '# SHA512 HASH'; sha512sum $name.CONTENTS.gz
          } | $gpg --clear-sign > $name.DIGESTS
          sha256sum $name | sed '1i# SHA256 HASH' | $gpg --clear-sign > $name.sha256
          $gpg --armor --detach-sign --output $name.asc $name )
      done
      """)
    let list = "cd mirror/releases; find . -name '*Z.tar.xz*' -printf '%p %i %T@\\n' | sort"
    let before = try mirror.workspace.shell(list).text
    let adopted = try mirror.succeed("digestgen").text
    #expect(!adopted.contains("amd64") || adopted.contains("adopted"), "\(adopted)")
    #expect(try mirror.workspace.shell(list).text == before)
    try mirror.succeed("index")
    #expect(try mirror.succeed("verify").errorText == "")
    for name in GentooMirror.names { try mirror.install(name) }
  }

  @Test("unsigned, lists and digests are plain text")
  func unsigned() throws {
    try mirror.workspace.shell("printf '[section mirror]\\nlayout: gentoo\\n' > .metro")
    try refresh()
    let texts = try mirror.shell(
      "cat latest-stage3-amd64-openrc.txt 20200122T170303Z/*openrc*.DIGESTS 20200122T170303Z/*.sha256")
    #expect(!texts.contains("PGP"), "\(texts)")
    #expect(texts.contains("\n20200122T170303Z/stage3-amd64-openrc-20200122T170303Z.tar.xz "), "\(texts)")
    try mirror.shell("cd 20200122T170303Z; sha256sum --quiet --strict --check *.sha256")
    // The key comes later.
    try mirror.configure()
    try refresh()
    for name in GentooMirror.names { try mirror.install(name) }
  }

  @Test("a layout that does not exist is an error")
  func wrong() throws {
    try mirror.workspace.shell("printf '[section mirror]\\nlayout: debian\\n' > .metro")
    let outcome = try mirror.workspace.mirrorctl("status")
    #expect(outcome.status != 0 && outcome.errorText.contains("mirror/layout: `debian` is not valid"))
    #expect(outcome.errorText.contains("metro, gentoo"), "\(outcome.errorText)")
  }
}
