import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A signed mirror that is published to a directory, with an old and a new key in one keyring.
private final class RotatedMirror {
  let mirror: SignedMirror
  let new: String
  var workspace: Workspace { mirror.workspace }
  var old: String { mirror.key }

  init() throws {
    mirror = try SignedMirror()
    new = try SignedMirror.makeSuccessor(in: mirror.workspace)
    try workspace.shell("mkdir there; touch mirror/.mirrorctl.mirror")
    try configure(old)
    for verb in [["upkeep"], ["keys", "export"], ["publish"]] {
      let run = try workspace.run(workspace.command(verb))
      try #require(run.status == 0, "\(run.errorText)")
    }
  }

  func configure(_ key: String, previous: String = "", _ settings: String = "") throws {
    try mirror.write(
      """
      [section signing]
      key: \(key)
      previous: \(previous)
      homedir: \(workspace.path)/g
      what: tarballs digests index
      \(settings)
      [section publish/there]
      to: \(workspace.path)/there
      """)
  }

  func run(_ arguments: String...) throws -> Outcome { try workspace.run(workspace.command(arguments)) }

  /// What a downloader finds wrong with signatures in a directory, with the keys that are published there.
  func faults(in directory: String) throws -> [String] {
    try workspace.shell(
      """
      cd \(directory); rm -f ../keys.gpg; gpg --dearmor < signing-key.asc > ../keys.gpg
      for file in $(find . -name '*.gpg' -type f ! -path '*/.*'); do
        gpgv --keyring ../keys.gpg $file ${file%.gpg} > ../gpgv.log 2>&1 || { echo $file; cat ../gpgv.log; }
      done
      """
    ).text.split(separator: "\n").map(String.init)
  }

  /// Starts a downloader that checks all signatures in both directories again and again, until `stop` exists.
  ///
  /// It fetches a signature, then the keys: a key that verifies a visible signature must be there already.
  func download() throws -> RunningProgram {
    try workspace.shell("rm -f stop rounds; mkdir -p down")
    return try workspace.start([
      "sh", "-c",
      """
      cd \(workspace.path); count=0
      while [ ! -e stop ]; do
        for directory in mirror there; do
          for file in $(cd $directory; find . -name '*.gpg' -type f ! -path '*/.*'); do
            cp $directory/$file down/signature 2> /dev/null || continue
            gpg --dearmor < $directory/signing-key.asc > down/keys.gpg 2> /dev/null
            gpgv --keyring ./down/keys.gpg down/signature $directory/${file%.gpg} > down/log 2>&1 ||
              { cmp -s down/signature $directory/$file && { echo $directory/$file; cat down/log; }; }
          done
        done
        count=$((count + 1)); echo $count > rounds
      done
      """,
    ])
  }

  /// What the downloader found.
  func end(_ downloader: RunningProgram) throws -> String {
    // At least one round after the change.
    let rounds = { [workspace] in
      (try? workspace.shell("cat rounds").text).flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
    let now = rounds()
    while downloader.isRunning, rounds() < now + 2 { usleep(20_000) }
    try workspace.shell("touch stop")
    return try downloader.wait().text
  }

  /// The keys that made the signatures of tarballs, digest files and the index.
  func signers(in directory: String) throws -> Set<String> {
    let text = try workspace.shell(
      """
      cd \(directory)
      for file in $(find . -name '*.gpg' -type f ! -path '*/.*' ! -name 'signing-key*'); do
        gpgv --status-fd 1 --keyring \(workspace.path)/g/pubring.kbx $file ${file%.gpg} 2> /dev/null
      done | awk '/VALIDSIG/ { print $3 }'
      """
    ).text
    return Set(text.split(separator: "\n").map(String.init))
  }

  /// The published keys, each with `r` if it is revoked there.
  func published(in directory: String) throws -> Set<String> {
    let text = try workspace.shell(
      """
      gpg --batch --homedir g --with-colons --show-keys \(directory)/signing-key.asc 2> /dev/null |
        awk -F: '/^pub/ { state = $2 == "r" ? "r" : ""; want = 1 } /^fpr/ && want { print $10 state; want = 0 }'
      """
    ).text
    return Set(text.split(separator: "\n").map(String.init))
  }
}

@Suite("keys rotate and keys revoke") struct KeyRotationTests {
  @Test("rotate signs everything with the new key, and publishes both keys and a notice signed by both")
  func rotate() throws {
    let site = try RotatedMirror()
    try site.configure(site.new, previous: site.old)
    let before = try site.run("verify")
    #expect(before.status == 0 && before.text.contains("was made by the previous key"), "\(before.text)")
    let downloader = try site.download()
    let run = try site.run("keys", "rotate", "--json")
    #expect(run.status == 0, "\(run.errorText)")
    let seen = try site.end(downloader)
    #expect(seen == "", "a downloader always finds a key that verifies what it got")
    for directory in ["mirror", "there"] {
      #expect(try site.faults(in: directory) == [])
      #expect(try site.signers(in: directory) == [site.new], "\(directory)")
      #expect(try site.published(in: directory) == [site.old, site.new])
      let notice = try site.workspace.shell(
        """
        cat \(directory)/signing-key.txt
        gpgv --status-fd 1 --keyring ./g/pubring.kbx \(directory)/signing-key.txt.gpg \(directory)/signing-key.txt 2> /dev/null
        """
      ).text
      #expect(notice.contains(": \(site.new) replaces \(site.old).\n"), "\(notice)")
      #expect(notice.split(separator: "\n").count { $0.contains("VALIDSIG") } == 2, "\(notice)")
    }
    let again = try site.run("keys", "rotate")
    #expect(again.status == 0 && again.text == "", "\(again.text)")
    for verb in ["upkeep", "publish"] { #expect(try site.run(verb).text == "", "\(verb)") }
    #expect(try site.run("journal").text.contains("rekeyed"))
    // A year later the old key is not published any more.
    try site.workspace.shell("sed -i 's/^20[0-9][0-9]-/2016-/' mirror/signing-key.txt")
    #expect(try site.run("upkeep").text.contains("keys: signing-key.asc written"))
    #expect(try site.published(in: "there") == [site.new])
  }

  @Test("revoke replaces all signatures before it publishes the revocation")
  func revoke() throws {
    let site = try RotatedMirror()
    let missing = try site.run("keys", "revoke", site.old)
    #expect(missing.status == 1 && missing.errorText.contains("signing/previous: is not set"))
    try site.configure(site.new, previous: site.old)
    let early = try site.run("keys", "revoke", site.old)
    #expect(early.status == 1 && early.errorText.contains("use --certificate"), "\(early.errorText)")
    #expect(try site.signers(in: "mirror") == [site.old], "nothing changed")
    let certificate = "\(site.workspace.path)/g/openpgp-revocs.d/\(site.old).rev"
    let downloader = try site.download()
    let run = try site.run("keys", "revoke", site.old, "--certificate", certificate, "--json")
    #expect(run.status == 0, "\(run.errorText)")
    let seen = try site.end(downloader)
    #expect(seen == "", "a downloader always finds a key that verifies what it got")
    for directory in ["mirror", "there"] {
      #expect(try site.faults(in: directory) == [])
      #expect(try site.signers(in: directory) == [site.new], "\(directory)")
      #expect(try site.published(in: directory) == ["\(site.old)r", site.new])
      #expect(
        try site.workspace.shell("cat \(directory)/signing-key.txt").text.contains("\(site.old) was revoked"))
    }
    // Signatures by a revoked key do not count, and are replaced.
    #expect(try site.run("keys", "revoke", site.old).text == "")
    #expect(try site.run("verify").status == 0)
  }

  @Test("revoke of a key that gpg knows as revoked publishes the new key beside the old one first")
  func known() throws {
    let site = try RotatedMirror()
    try site.configure(site.new, previous: site.old)
    try site.workspace.shell(
      "sed 's/^:---/---/' g/openpgp-revocs.d/\(site.old).rev | gpg --batch --quiet --homedir g --import")
    let verify = try site.run("verify")
    #expect(verify.status == 3 && verify.text.contains("was made by another key"), "\(verify.text)")
    let run = try site.run("keys", "revoke", site.old)
    #expect(run.status == 0, "\(run.errorText)")
    #expect(try site.published(in: "there") == ["\(site.old)r", site.new])
    #expect(try site.signers(in: "there") == [site.new])
  }

  @Test(
    "killed before any of its system calls, leaves signatures that published keys verify, and the next run completes the work",
    .enabled(if: Tracing.works, "\(Tracing.reason)"))
  func kill() throws {
    let site = try RotatedMirror()
    try site.configure(site.new, previous: site.old)
    try site.workspace.shell("mkdir start; cp -a mirror there state start")
    let log = site.workspace.path.appending("log").string
    let command = site.workspace.command(["keys", "rotate", "--quiet"])
    // Only mirrorctl itself: gpg and rsync have tests of their own.
    func traced(_ calls: [String], _ inject: String? = nil) -> [String] {
      Tracing.arguments(trace: calls, inject: inject, log: log) + command
    }
    let calls = ["renameat", "unlinkat", "fsync"]
    let undisturbed = try site.workspace.run(traced(calls))
    try #require(undisturbed.status == 0, "\(undisturbed.errorText)")
    var kills = 0
    for (call, count) in try Tracing.counts(log: log).sorted(by: { $0.key < $1.key })
    where calls.contains(call) {
      for number in KillPoints.sample(of: count, most: call == "renameat" ? 3 : 1) {
        try site.workspace.shell("rm -rf mirror there state; cp -a start/* .")
        let killed = try site.workspace.run(traced([call], "\(call):signal=KILL:when=\(number)"))
        // A kill may hit gpg, and how many calls each thread makes is not the same in each run.
        #expect([0, 1, 137].contains(killed.status), "\(call) \(number) of \(count): \(killed.errorText)")
        kills += killed.status == 137 ? 1 : 0
        for directory in ["mirror", "there"] {
          #expect(try site.faults(in: directory) == [], "\(directory) after \(call) \(number)")
        }
        let again = try site.workspace.run(command)
        #expect(again.status == 0, "after \(call) \(number): \(again.errorText)")
        for directory in ["mirror", "there"] {
          #expect(try site.faults(in: directory) == [])
          #expect(try site.signers(in: directory) == [site.new], "\(directory) after \(call) \(number)")
        }
      }
    }
    #expect(kills > 1)
  }
}
