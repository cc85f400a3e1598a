import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("The life of a release in Gentoo's layout")
struct GentooReleaseTests {
  private let mirror: GentooMirror
  private static let openrc = "\(GentooMirror.place)/20200201T000000Z"
  private static let musl = "\(GentooMirror.place)/20200121T000000Z"

  init() throws {
    mirror = try GentooMirror()
    try mirror.workspace.shell("mkdir there; touch mirror/.mirrorctl.mirror")
    try configure()
  }

  /// Writes the configuration with a local destination.
  private func configure(_ more: String = "") throws {
    try mirror.configure(
      """
      [section publish/there]
      to: \(mirror.workspace.path)/there
      as: master
      delete: yes
      keep-remote-grace: 0s
      \(more)
      """)
  }

  private func refresh() throws {
    for verb in ["digestgen", "index", "publish"] { try mirror.succeed(verb) }
  }

  /// Adds a candidate; that of musl is older than the newest openrc, and newer than the newest musl.
  private func add(_ name: String, _ moment: String) throws {
    try mirror.add(name, moment)
    try mirror.shell("touch \(moment)/CANDIDATE")
  }

  /// Every file that is published, with its content, and every link.
  private func content(of root: String) throws -> String {
    try mirror.workspace.shell(
      """
      cd \(root); find . -type f ! -path '*/.*' ! -path './project/*' -exec sha256sum {} + | sort -k2
      find . -type l -printf '%p %l\\n' | sort
      """
    ).text
  }

  @Test("candidates are offered nowhere, each name has its own for testers, and promote offers them in order")
  func promotion() throws {
    try refresh()
    let before = try content(of: "there")
    try add("stage3-amd64-openrc", "20200201T000000Z")
    try add("stage3-amd64-musl", "20200121T000000Z")
    // Older than what is offered.
    try add("stage3-amd64-systemd", "20200110T000000Z")
    // The name that Metro's links are made for.
    try add("stage3-amd64", "20200202T000000Z")
    try refresh()
    #expect(try content(of: "there") == before)
    let testers = try mirror.workspace.shell("cat mirror/candidates.json").text
    for path in [Self.openrc, Self.musl] { #expect(testers.contains(path), "\(testers)") }
    #expect(!testers.contains("20200110T000000Z"), "\(testers)")
    // What testers are offered is kept.
    try mirror.succeed("clean", "--apply", "--keep", "9")
    let moments = try mirror.entries().filter { $0.hasSuffix("Z") }
    #expect(moments.isSuperset(of: ["20200201T000000Z", "20200121T000000Z", "20200202T000000Z"]))
    #expect(!moments.contains("20200110T000000Z"))
    #expect(try mirror.install("stage3-amd64-openrc").hasPrefix("20200122T170303Z/"))
    try mirror.succeed("promote", Self.openrc, "--reason", "boots")
    try mirror.succeed("promote", "\(GentooMirror.place)/20200202T000000Z")
    for name in ["stage3-amd64-openrc", "stage3-amd64", "stage3-amd64-musl"] {
      let isPromoted = name != "stage3-amd64-musl"
      #expect(try mirror.install(name).hasPrefix("20200101T170303Z/") != isPromoted)
    }
    // The rest is promoted by upkeep.
    try configure("[section build]\npromote: after true\n")
    let upkeep = try mirror.succeed("upkeep").text
    #expect(upkeep.contains("promote: \(Self.musl) promoted"), "\(upkeep)")
    for root in ["mirror", "there"] {
      #expect(try mirror.install("stage3-amd64-openrc", from: root).hasPrefix("20200201T000000Z/"))
      #expect(try mirror.install("stage3-amd64-musl", from: root).hasPrefix("20200121T000000Z/"))
      #expect(try mirror.install("stage3-amd64-systemd", from: root).hasPrefix("20200122T170303Z/"))
      let foreign = try mirror.workspace.shell("find \(root) -name '*latest.tar*' -o -name '*.hash.txt'").text
      #expect(foreign == "")
    }
    let marks = try mirror.workspace.shell("find mirror there -name CANDIDATE").text
    #expect(marks == "")
    let promoted = try JournalOutput(of: mirror.workspace).entries.filter { $0.action == "promoted" }
    #expect(promoted.count == 3 && promoted[0].path == Self.openrc && promoted[0].reason == "boots")
  }

  @Test(
    "promote that is killed leaves lists, links and signatures that agree, and is completed by the next run",
    .enabled(if: Tracing.works, "\(Tracing.reason)"))
  func kill() throws {
    try refresh()
    try add("stage3-amd64-openrc", "20200201T000000Z")
    try mirror.workspace.shell("mkdir start; cp -a mirror state start")
    let log = mirror.workspace.path.appending("log").string
    let command = mirror.workspace.command(["promote", Self.openrc, "--quiet"])
    let calls = ["renameat", "unlinkat"]
    let undisturbed = try mirror.workspace.run(Tracing.arguments(trace: calls, log: log) + command)
    try #require(undisturbed.status == 0, "\(undisturbed.errorText)")
    var kills = 0
    for (call, count) in try Tracing.counts(log: log) where calls.contains(call) {
      for number in KillPoints.sample(of: count, most: call == "renameat" ? 5 : 1) {
        try mirror.workspace.shell("rm -rf mirror state; cp -a start/* .")
        let killed = try mirror.workspace.run(
          Tracing.arguments(trace: [call], inject: "\(call):signal=KILL:when=\(number)") + command)
        // How many calls each thread makes is not the same in each run.
        #expect([0, 137].contains(killed.status), "\(call) \(number) of \(count): \(killed.errorText)")
        kills += killed.status == 137 ? 1 : 0
        let list = try mirror.shell(
          """
          list=latest-stage3-amd64-openrc.txt
          gpg --batch --quiet --homedir ../../../../g --verify $list 2> /dev/null
          path=$(grep -v '^#' $list | grep -o '^2020[^ ]*'); file=$(basename $path)
          cd $(dirname $path); gpg --batch --quiet --homedir ../../../../../g --verify $file.asc $file 2> /dev/null
          sha256sum --quiet --check $file.sha256 2> /dev/null; cd ..; ls $path
          """)
        #expect(list.hasPrefix("20200122T170303Z/") || list.hasPrefix("20200201T000000Z/"), "\(list)")
        try mirror.succeed("promote", Self.openrc)
        #expect(try mirror.shell("ls 20200201T000000Z/CANDIDATE 2> /dev/null || :") == "")
        #expect(
          try mirror.shell(
            "readlink current-stage3-amd64-openrc; grep -c 20200201 latest-stage3-amd64-openrc.txt")
            == "20200201T000000Z\n1\n", "\(call) \(number) of \(count)")
      }
    }
    #expect(kills > 2)
    #expect(try mirror.install("stage3-amd64-openrc").hasPrefix("20200201T000000Z/"))
  }

  @Test("a link of a name leaves a withdrawn moment for one with that name, also without lists")
  func link() throws {
    try configure("[section index]\nformats: xml")
    try mirror.shell("ln -s 20200122T170303Z current-stage3-amd64-systemd")
    try mirror.shell("ln -s 20200122T170303Z current-stage3-amd64-openrc")
    for verb in ["digestgen", "index"] { try mirror.succeed(verb) }
    try mirror.succeed("withdraw", "\(GentooMirror.place)/20200122T170303Z", "--reason", "does not boot")
    #expect(try mirror.shell("readlink current-stage3-amd64-systemd") == "20200108T170303Z\n")
    #expect(try mirror.shell("readlink current-stage3-amd64-openrc") == "20200115T170303Z\n")
  }

  @Test("a master is made again from a destination: nothing is left to do, and forged files are left out")
  func rebuild() throws {
    try refresh()
    try mirror.succeed("keys", "export")
    try mirror.succeed("publish")
    let (before, links) = (try content(of: "there"), try mirror.entries())
    try mirror.workspace.shell("cp -a there copy; mv mirror lost; mv state lost.state; mkdir mirror")
    try mirror.succeed("rebuild", "--from", "there")
    #expect(try content(of: "mirror") == before)
    #expect(try mirror.entries() == links)
    for verb in ["digestgen", "index", "publish"] {
      let again = try mirror.succeed(verb)
      #expect(again.text == "" && again.errorText == "", "\(verb): \(again.text)\(again.errorText)")
    }
    let verify = try mirror.succeed("verify", "--quiet")
    #expect(verify.text == "" && verify.errorText == "")
    #expect(try content(of: "there") == before)
    for name in GentooMirror.names { try mirror.install(name, keys: "mirror/signing-key.asc") }
    // A file whose digests nobody signed.
    try mirror.workspace.shell("rm -r mirror state; mkdir mirror")
    try mirror.shell(
      """
      cd 20200101T170303Z; file=stage3-amd64-musl-20200101T170303Z.tar.xz
      echo forged | xz > $file; rm $file.asc $file.DIGESTS
      { echo '# SHA256 HASH'; sha256sum $file; } > $file.sha256
      """, in: "there")
    let forged = try mirror.workspace.mirrorctl("rebuild", "--from", "there")
    #expect(forged.status == 3, "\(forged.text)\(forged.errorText)")
    #expect(forged.text.contains("not recovered: \(GentooMirror.place)/20200101T170303Z/stage3-amd64-musl"))
    #expect(try mirror.shell("find . -name '*musl*Z.tar*'") == "")
    for name in GentooMirror.names where name != "stage3-amd64-musl" { try mirror.install(name) }
    try mirror.succeed("verify")
  }
}
