import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A signed master that published to a directory, and was then lost.
private final class LostMirror {
  let mirror: SignedMirror
  var workspace: Workspace { mirror.workspace }

  init() throws {
    mirror = try SignedMirror()
    try mirror.workspace.shell(
      """
      mkdir there
      mkdir -p mirror/std/x86-64bit/generic_64/.control/version mirror/std/x86-64bit/generic_64/2016-11-10
      echo 2016-11-17 > mirror/std/x86-64bit/generic_64/.control/version/stage3
      cd mirror/std/x86-64bit/generic_64/2016-11-10
      echo older | xz > stage3-generic_64-std-2016-11-10.tar.xz; echo ok > status; touch -d 2016-12-01 * .
      """)
    try configure()
    for verb in [
      ["upkeep"], ["keys", "export"], ["index", "--format", "xml,json,html,latest"], ["publish"],
    ] {
      let run = try workspace.run(workspace.command(verb))
      try #require(run.status == 0, "\(run.errorText)")
    }
  }

  func configure(key: String? = nil) throws {
    try mirror.write(
      """
      [section signing]
      key: \(key ?? mirror.key)
      homedir: \(workspace.path)/g
      what: tarballs digests index
      [section publish/there]
      to: \(workspace.path)/there
      exclude: uncompressed marks
      delete: yes
      keep-remote-grace: 0
      """)
  }

  func lose() throws { try workspace.shell("mv mirror lost; mv state lost.state; mkdir mirror") }

  func run(_ arguments: String...) throws -> Outcome { try workspace.run(workspace.command(arguments)) }

  /// The published files of a directory, with their contents.
  func sums(_ directory: String) throws -> String {
    try workspace.shell(
      "cd \(directory); find . -type f ! -path '*/.*' ! -path './project/*' -exec sha256sum {} + | sort -k2"
    ).text
  }
}

@Suite("rebuild", .waiting) struct RebuildTests {
  @Test("makes a lost master again: publish has nothing to do then, and verify finds nothing wrong")
  func whole() throws {
    let site = try LostMirror()
    let before = try site.sums("there")
    try site.lose()
    let run = try site.run("rebuild", "--from", "there")
    #expect(run.status == 0, "\(run.text)\(run.errorText)")
    #expect(try site.sums("mirror") == before)
    #expect(try site.sums("there") == before)
    let control = "mirror/std/x86-64bit/generic_64/.control"
    #expect(
      try site.workspace.shell("cd \(control); head version/stage1 version/stage3 strategy/*").text
        == """
        ==> version/stage1 <==
        2016-11-17

        ==> version/stage3 <==
        2016-11-17

        ==> strategy/build <==
        local

        ==> strategy/seed <==
        stage3

        """)
    #expect(
      try site.workspace.shell("find mirror -name '.mirrorctl.rebuild' -o -name '.mirrorctl-*'").text == "")
    for verb in ["upkeep", "publish"] {
      let again = try site.run(verb)
      #expect(again.status == 0 && again.text == "", "\(verb): \(again.text)\(again.errorText)")
    }
    let verify = try site.run("verify", "--quiet")
    #expect(verify.status == 0 && verify.text == "", "\(verify.text)\(verify.errorText)")
    #expect(try site.run("journal").text.contains("rebuilt"))
    let full = try site.run("rebuild", "--from", "there")
    #expect(full.status == 5 && full.errorText.contains("is not empty"), "\(full.errorText)")
  }

  @Test("accepts nothing that the key of the configuration did not sign, and lists what it left out")
  func forged() throws {
    let site = try LostMirror()
    try site.lose()
    let other = try site.mirror.makeOther()
    // Another key, which the destination also offers as the key of the mirror.
    try site.workspace.shell(
      """
      cd there/\(SignedMirror.version)
      echo forged | xz > stage3-generic_64-std-2016-11-17.tar.xz
      rm -f stage3*.gpg stage3*.hash.txt*
      echo "sha256 $(sha256sum stage3*.tar.xz | cut -c1-64)" > stage3-generic_64-std-2016-11-17.tar.xz.hash.txt
      for file in stage3*.tar.xz stage3*.hash.txt; do
        gpg --batch --quiet --homedir ../../../../../h --output $file.gpg --detach-sign $file
      done
      gpg --batch --quiet --homedir ../../../../../h --armor --export \(other) > ../../../../signing-key.asc
      """)
    let run = try site.run("rebuild", "--from", "\(site.workspace.path)/there", "--json")
    #expect(run.status == 3, "\(run.text)\(run.errorText)")
    #expect(run.text.contains("\"path\" : \"\(SignedMirror.stage3)\""), "\(run.text)")
    #expect(run.text.contains("\"path\" : \"signing-key.asc\""), "\(run.text)")
    #expect(!site.mirror.exists(SignedMirror.stage3) && !site.mirror.exists("signing-key.asc"))
    #expect(site.mirror.exists(SignedMirror.stage1))
    #expect(try site.run("verify").status == 0)
  }

  @Test("needs a key, and trusts the keys of a file instead; without any, digests on request")
  func trust() throws {
    let site = try LostMirror()
    try site.workspace.shell("gpg --batch --quiet --homedir g --armor --export > keys.asc")
    try site.lose()
    try site.mirror.write("")
    let address = "\(site.workspace.path)/there"
    let none = try site.run("rebuild", "--from", address)
    #expect(none.status == 5 && none.errorText.contains("use --key FILE"), "\(none.errorText)")
    let pinned = try site.run("rebuild", "--from", address, "--key", "\(site.workspace.path)/keys.asc")
    #expect(pinned.status == 3 && pinned.text.contains("not recovered: signing-key.asc"), "\(pinned.text)")
    for tarball in SignedMirror.tarballs { #expect(site.mirror.exists(tarball)) }
    try site.workspace.shell("rm -rf mirror state; mkdir mirror")
    let unsigned = try site.run("rebuild", "--from", address, "--unsigned")
    for tarball in SignedMirror.tarballs { #expect(site.mirror.exists(tarball), "\(unsigned.errorText)") }
  }

  @Test("lists files of the index that the destination does not have")
  func missing() throws {
    let site = try LostMirror()
    try site.lose()
    try site.workspace.shell("rm there/\(SignedMirror.stage3)*")
    let run = try site.run("rebuild", "--from", "there")
    #expect(run.status == 3, "\(run.errorText)")
    #expect(run.text.contains("not recovered: \(SignedMirror.stage3): is in the index"), "\(run.text)")
  }

  @Test(
    "killed before any of its system calls, keeps other verbs out, and the next run completes the mirror",
    .enabled(if: Tracing.works, "\(Tracing.reason)"))
  func kill() throws {
    let site = try LostMirror()
    let before = try site.sums("there")
    try site.lose()
    let log = site.workspace.path.appending("log").string
    let command = site.workspace.command(["rebuild", "--from", "there", "--quiet", "--jobs", "1"])
    let calls = ["renameat", "unlinkat", "mkdirat", "fsync"]
    let undisturbed = try site.workspace.run(Tracing.arguments(trace: calls, log: log) + command)
    try #require(undisturbed.status == 0, "\(undisturbed.errorText)")
    var kills = 0
    for (call, count) in try Tracing.counts(log: log).sorted(by: { $0.key < $1.key })
    where calls.contains(call) {
      for number in KillPoints.sample(of: count, most: call == "renameat" ? 4 : 1) {
        try site.workspace.shell("rm -rf mirror state; mkdir mirror")
        let killed = try site.workspace.run(
          Tracing.arguments(trace: [call], inject: "\(call):signal=KILL:when=\(number)") + command)
        // How many calls each thread makes is not the same in each run. If rsync was killed, the run says so.
        let isBroken = killed.status == 1 && killed.errorText.contains("rsync")
        #expect(
          isBroken || [0, 137].contains(killed.status), "\(call) \(number) of \(count): \(killed.errorText)")
        kills += killed.status == 137 ? 1 : 0
        // What a downloader sees is never without its digests.
        let seen = try site.workspace.shell(
          """
          cd mirror; find . -name '*.tar.xz' -type f ! -path '*/.*' | while read file; do
            [ "$(cut -c8-71 $file.hash.txt)" = "$(sha256sum $file | cut -c1-64)" ] || echo $file
          done
          """
        ).text
        #expect(seen == "", "\(call) \(number)")
        if FileManager.default.fileExists(atPath: "\(site.workspace.mirror)/.mirrorctl.rebuild") {
          let publish = try site.run("publish")
          #expect(publish.status == 5 && publish.errorText.contains("a rebuild from there was interrupted"))
          let other = try site.run("rebuild", "--from", "\(site.workspace.path)/there")
          #expect(other.status == 5, "\(other.errorText)")
        }
        #expect(try site.sums("there") == before, "nothing is deleted there after \(call) \(number)")
        let again = try site.workspace.run(command)
        // Everything may be in place.
        let isDone = again.status == 5 && again.errorText.contains("is not empty")
        #expect(again.status == 0 || isDone, "after \(call) \(number): \(again.errorText)")
        #expect(try site.sums("mirror") == before, "after \(call) \(number)")
      }
    }
    #expect(kills > 2)
  }
}
