import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A mirror of three builds, and a configuration beside it.
private struct Configured {
  let workspace: Workspace

  init(_ text: String) throws {
    workspace = try Workspace()
    for (build, subarch, date) in [
      ("current", "generic_64", "2026-10-01"), ("current", "core2_64", "2026-10-01"),
      ("current", "elsewhere_64", "2026-10-01"), ("stable", "generic_64", "2026-09-01"),
      ("retired", "generic_64", "2020-01-01"),
    ] {
      try workspace.shell(
        """
        mkdir -p mirror/\(build)/x86-64bit/\(subarch)/\(date) mirror/\(build)/snapshots
        cd mirror/\(build)/x86-64bit/\(subarch)
        echo ok > \(date)/status; echo x | xz > \(date)/stage3-\(subarch)-\(build)-\(date).tar.xz
        echo x | xz > ../../snapshots/portage-\(date).tar.xz
        """)
    }
    try write(text)
  }

  func write(_ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  /// Runs a verb; the configuration is found as `~/.metro`.
  func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Outcome {
    try RunningProgram(
      Program.limited + [Program.path.string] + arguments,
      environment: workspace.environment.merging(environment) { $1 }
    ).wait()
  }

  var mirrorElement: String { "[section path/mirror]\n: \(workspace.mirror)\n" }
}

private let rotation = """
  [section rotation]
  builds: stable current
  arches: x86-64bit
  subarches: generic_64 core2_64
  also-stored: elsewhere_64
  ignore-builds: stable
  """

extension Outcome {
  fileprivate var lines: [Substring] { text.split(separator: "\n") }

  /// The last two components of the paths that `status` and `digestgen` print.
  fileprivate func names(_ mirror: FilePath) -> [String] {
    lines.compactMap { line in
      line.firstRange(of: "\(mirror)/").map { String(line[$0.upperBound...].prefix { $0 != " " }) }
    }
  }
}

@Suite("The configuration") struct ConfigurationTests {
  @Test("check reports a path that builds would empty but must not")
  func workPlaces() throws {
    let site = try Configured("")
    for (key, problem) in [
      ("path/work: \(site.workspace.mirror)", "path/work: `\(site.workspace.mirror)` is the mirror"),
      ("path/work: \(site.workspace.path)", "path/work: `\(site.workspace.path)` contains the mirror"),
    ] {
      try site.write(site.mirrorElement + "[section path]\n" + key.dropFirst("path/".count) + "\n")
      let check = try site.run("config", "check")
      #expect(check.status == 1 && check.errorText.contains(problem), "\(check.errorText)")
    }
  }

  @Test("sets the mirror's path; the command line and the environment override it")
  func mirror() throws {
    let configured = try Configured("")
    try configured.write(configured.mirrorElement)
    #expect(try configured.run("status").lines.count == 5)
    let other = try configured.run("status", "--mirror", "/nonexistent")
    #expect(other.errorText.hasPrefix("mirrorctl: /nonexistent: cannot open"))
    let third = try configured.run("status", environment: ["MIRRORCTL_MIRROR": "/elsewhere"])
    #expect(third.errorText.hasPrefix("mirrorctl: /elsewhere: cannot open"))
    try configured.write("")
    #expect(try configured.run("status").status == 64)
  }

  @Test("is read from --config, $MIRRORCTL_CONFIG or ~/.metro; a file given by name must exist")
  func order() throws {
    let configured = try Configured("path/mirror: /by-home")
    try configured.workspace.shell("echo 'path/mirror: /by-variable' > v; echo 'path/mirror: /by-option' > o")
    let variable = ["MIRRORCTL_CONFIG": "\(configured.workspace.path)/v"]
    #expect(try configured.run("config", "get", "path/mirror").text == "/by-home\n")
    #expect(
      try configured.run("config", "get", "path/mirror", environment: variable).text == "/by-variable\n")
    let option = ["config", "get", "--config", "\(configured.workspace.path)/o", "path/mirror"]
    #expect(
      try configured.run(option[0], option[1], option[2], option[3], option[4], environment: variable).text
        == "/by-option\n")
    try configured.workspace.shell(
      """
      mkdir -p .config/mirrorctl elsewhere/mirrorctl
      echo 'path/mirror: /by-user' > .config/mirrorctl/mirrorctl.conf
      echo 'path/mirror: /by-xdg' > elsewhere/mirrorctl/mirrorctl.conf
      """)
    let home = configured.workspace.path
    #expect(try configured.run("config", "get", "path/mirror").text == "/by-user\n")
    let elsewhere = ["XDG_CONFIG_HOME": "\(home)/elsewhere"]
    #expect(try configured.run("config", "get", "path/mirror", environment: elsewhere).text == "/by-xdg\n")
    let relative = ["XDG_CONFIG_HOME": "elsewhere"]
    #expect(try configured.run("config", "get", "path/mirror", environment: relative).text == "/by-user\n")
    #expect(
      try configured.run("config", "where").lines.prefix(2) == [
        "used: \(home)/.config/mirrorctl/mirrorctl.conf", "ignored: \(home)/.metro",
      ])
    #expect(try configured.run("config", "where", environment: variable).lines.first == "used: \(home)/v")
    let missing = try configured.run("status", environment: ["MIRRORCTL_CONFIG": "/nonexistent.conf"])
    #expect(missing.status == 1)
    #expect(missing.errorText.contains("/nonexistent.conf: cannot read"))
  }

  @Test("stored subarches are cleaned, digested and indexed; others are left alone")
  func stored() throws {
    let configured = try Configured("")
    try configured.write(configured.mirrorElement + rotation)
    let mirror = configured.workspace.mirror
    let status = try configured.run("status").names(mirror)
    #expect(
      status == [
        "current/x86-64bit/core2_64", "current/x86-64bit/elsewhere_64", "current/x86-64bit/generic_64",
        "stable/x86-64bit/generic_64",
      ])
    let digested = try configured.run("digestgen").names(mirror)
    #expect(digested.count == 6)
    #expect(!digested.contains { $0.hasPrefix("retired") })
    #expect(try configured.run("index").status == 0)
    let index = try configured.workspace.shell("cat mirror/index.xml").text
    #expect(index.contains("core2_64") && index.contains("elsewhere_64"))
    #expect(!index.contains("retired") && !index.contains("/stable/"))
    let script = try configured.run("clean", "--keep", "1").text
    #expect(script.contains("stable") && !script.contains("retired"))
  }

  @Test("also-stored subarches are never built; others are built in the order of the lists")
  func managed() throws {
    let configured = try Configured("")
    try configured.write(configured.mirrorElement + rotation)
    #expect(try configured.run("nextbuild").text.contains("release=stable\n"))
    try configured.workspace.shell(
      """
      for s in stable/x86-64bit/generic_64 current/x86-64bit/generic_64 current/x86-64bit/core2_64 \
        current/x86-64bit/elsewhere_64; do
        mkdir -p mirror/$s/.control; echo 9 > mirror/$s/.control/.failcount
      done
      """)
    let none = try configured.run("nextbuild")
    #expect(none.status == 0 && none.text == "")
    let zapped = try configured.run("zap").names(configured.workspace.mirror)
    #expect(zapped.count == 3)
    #expect(!zapped.contains { $0.contains("elsewhere") })
  }

  @Test("modes, extras and stale days decide the next build; the most specific setting wins")
  func tables() throws {
    let configured = try Configured("")
    func next(_ more: String) throws -> [Substring] {
      try configured.write(
        configured.mirrorElement + "[section rotation]\nbuilds: current\nsubarches: core2_64\n" + more)
      return try configured.run("nextbuild").lines.filter { $0.hasPrefix("target") || $0.hasPrefix("extras") }
    }
    #expect(try next("") == ["target=full", "extras=''"])
    #expect(try next("modes: quick\n") == ["target=quick", "extras=''"])
    #expect(try next("modes: quick\nmodes/core2_64: freshen\n") == ["target=freshen", "extras=''"])
    #expect(
      try next("modes/core2_64: freshen\nmodes/current/core2_64: quick\nextras/core2_64: lxd openvz\n")
        == ["target=quick", "extras='lxd+openvz'"])
    #expect(try next("stale-days: 100000\n") == [])
  }

  @Test("a program can decide, and its answer is checked")
  func decide() throws {
    let configured = try Configured("")
    func next(_ command: String) throws -> Outcome {
      try configured.write(
        configured.mirrorElement
          + "[section rotation]\nbuilds: current\nsubarches: core2_64\ndecide: \(command)\n")
      return try configured.run("nextbuild")
    }
    let asked = try next("echo quick+$subarch+$full+$full_date+$build+$arch")
    #expect(asked.text.contains("target=quick\nextras='core2_64+no+2026-10-01+current+x86-64bit'"))
    #expect(try configured.run("nextbuild", "--modes", "full").text.contains("target=full\n"))
    let refused = try configured.run("nextbuild", "--no-host-code")
    #expect(refused.status == 1 && refused.errorText.contains("rotation/decide: was not run"))
    let ran = "\(configured.workspace.path)/ran"
    _ = try next("touch \(ran); echo full")
    #expect(FileManager.default.fileExists(atPath: ran))
    try FileManager.default.removeItem(atPath: ran)
    let build = try configured.run("build", "--no-host-code", "--pretend")
    #expect(build.status == 1 && build.errorText.contains("rotation/decide: was not run"))
    #expect(!FileManager.default.fileExists(atPath: ran), "the program was run")
    for bad in ["echo 'full; rm -rf /'", "true", "exit 3", "echo full+", "kill -9 $$"] {
      let outcome = try next(bad)
      #expect(outcome.status == 1, "\(bad)")
      #expect(outcome.text == "")
      #expect(outcome.errorText.hasPrefix("mirrorctl: "), "\(outcome.errorText)")
    }
  }

  @Test("clean and upkeep apply its retention rules; the command line overrides them")
  func retention() throws {
    let configured = try Configured("")
    try configured.workspace.shell(
      """
      cd mirror/current/x86-64bit/core2_64
      for d in 2026-10-02 2026-10-03 2026-10-04; do
        mkdir $d; echo ok > $d/status; echo x | xz > $d/stage3-core2_64-current-$d.tar.xz
      done
      """)
    try configured.write(configured.mirrorElement + "[section rotation]\nkeep: 2\n")
    #expect(try configured.run("clean").text == configured.run("clean", "--keep", "2").text)
    #expect(try configured.run("clean", "--keep", "3").text != configured.run("clean").text)
    let upkeep = try configured.run("upkeep")
    #expect(upkeep.text.hasPrefix("clean: 2 versions"), "\(upkeep.text)\(upkeep.errorText)")
    let left = try configured.workspace.shell("ls mirror/current/x86-64bit/core2_64").text
    #expect(left == "2026-10-03\n2026-10-04\n")
  }

  @Test("a link in a subarch that is left alone still protects its target")
  func bystanders() throws {
    let configured = try Configured("")
    try configured.workspace.shell(
      """
      mkdir mirror/current/x86-64bit/core2_64/2026-10-09
      echo ok > mirror/current/x86-64bit/core2_64/2026-10-09/status
      echo x | xz > mirror/current/x86-64bit/core2_64/2026-10-09/stage3-core2_64-current-2026-10-09.tar.xz
      ln -s ../../../current/x86-64bit/core2_64/2026-10-01 mirror/retired/x86-64bit/generic_64/seed
      """)
    try configured.write(configured.mirrorElement + rotation + "\nkeep: 1\n")
    #expect(try configured.run("clean", "--apply").text == "")
  }

  @Test("marked tarballs are compressed as target/compression says")
  func compression() throws {
    let configured = try Configured("")
    try configured.workspace.shell(
      "cd mirror/current/x86-64bit/core2_64/2026-10-01; echo y > lxd-a.tar; : > lxd-a.tar.cme")
    try configured.write(configured.mirrorElement + "[section target]\ncompression: zstd\n")
    #expect(try configured.run("compress").status == 0)
    #expect(
      try configured.workspace.shell("ls mirror/current/x86-64bit/core2_64/2026-10-01").text.contains(
        "lxd-a.tar.zst"))
    try configured.write(configured.mirrorElement + "[section target]\ncompression: lzma\n")
    #expect(try configured.run("compress").errorText.contains("compression: `lzma` is not a compression"))
  }

  @Test(
    "files are written with the owner set in path/mirror",
    .enabled(if: geteuid() == 0, "only root gives files away"))
  func owner() throws {
    let configured = try Configured("")
    try configured.write(configured.mirrorElement + "owner: nobody\ngroup: daemon\ndirmode: 750\n")
    let path = "current/x86-64bit/core2_64/2026-10-01"
    try configured.workspace.shell(
      "cd mirror/\(path); echo y > lxd-a.tar; : > lxd-a.tar.cme; ln -s lxd-a.tar lxd-latest.tar")
    let upkeep = try configured.run("upkeep")
    #expect(upkeep.status == 0, "\(upkeep.errorText)")
    let owners = try configured.workspace.shell(
      "cd mirror; stat -c '%U:%G' index.xml \(path)/*.hash.txt \(path)/lxd-a.tar.xz \(path)/lxd-latest.tar.xz"
    ).text
    #expect(Set(owners.split(separator: "\n")) == ["nobody:daemon"], "\(owners)")
    try configured.workspace.shell("tar -cf seed-2020-01-01.tar mirror/index.xml")
    let made = try configured.run(
      "init", "new", "other", "k8", "--local", "\(configured.workspace.path)/seed-2020-01-01.tar")
    #expect(made.status == 0, "\(made.errorText)")
    let modes = try configured.workspace.shell(
      "cd mirror; stat -c '%U:%G %a' new new/other/k8/.control new/other/k8/.control/strategy/seed"
    ).text
    #expect(modes == "nobody:daemon 750\nnobody:daemon 750\nnobody:daemon 644\n")
  }

  @Test("a collect that needs a target is not an error, a malformed line is")
  func tolerance() throws {
    let configured = try Configured("")
    try configured.write(
      configured.mirrorElement
        + "[collect ../targets/$[metro/target]/$[target:zap].spec]\n[collect $[target/build]/x]\n")
    #expect(try configured.run("status").status == 0)
    // Builds of a sample subarch do not find these files.
    let files = try configured.run("config", "check").errorText
    #expect(files.contains("cannot read") && !files.contains("is not defined"), "\(files)")
    // No target defines this.
    try configured.write(configured.mirrorElement + "[collect $[path/instal]/etc/master.conf]\n")
    let check = try configured.run("config", "check")
    #expect(check.errorText.contains("/.metro:3:10: `path/instal` is not defined"), "\(check.errorText)")
    try configured.write(configured.mirrorElement + "owner root\n")
    let outcome = try configured.run("status")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("/.metro:3:1: "))
    #expect(outcome.errorText.hasSuffix("3 | owner root\n    | ^\n"))
  }

  @Test(
    "an error in a section about builds, images, tests or the farm stops only verbs that read it",
    arguments: [
      ("[section farm]\nengine: slum", ["farm", "status"]),
      ("[section farm]\nengin: slurm", ["farm", "status"]),
      ("[section test]\nmemory: lots", ["test", "none.tar.xz"]),
      ("[section test]\nmemry: 1G", ["test", "none.tar.xz"]),
      ("[section export/oci]\nformt: oci", ["export", "--to", "oci", "none.tar.xz", "out.tar"]),
      ("[section export/ec2]\nendpoint: ftp://x", []),
    ])
  func unrelated(_ section: String, _ reader: [String]) throws {
    let configured = try Configured("")
    try configured.write(configured.mirrorElement + section + "\n")
    for verb in ["digestgen", "clean"] {
      let outcome = try configured.run(verb)
      #expect(outcome.status == 0 && outcome.errorText == "", "\(verb): \(outcome.errorText)")
    }
    let place = "mirrorctl: \(configured.workspace.path)/.metro:4: "
    if !reader.isEmpty {
      let stopped = try RunningProgram(
        [Program.path.string] + reader, environment: configured.workspace.environment
      ).wait()
      #expect(stopped.status == 1 && stopped.errorText.hasPrefix(place), "\(stopped.errorText)")
    }
    // What shows the farm reports that it cannot, and shows the rest.
    let status = try configured.run("status")
    #expect(status.status == 0 && status.lines.count == 5)
    #expect(status.errorText.hasPrefix(place) == section.contains("farm"), "\(status.errorText)")
    #expect(try configured.run("config", "check").errorText.hasPrefix(place))
  }

  @Test(
    "an invalid setting is reported with its file and line",
    arguments: [
      "keep: 0", "keep: many", "stale-days: -1", "max-failcount: 1e9", "keep-within: soon", "builds: a a",
      "arches: x/y", "modes:", "modes: full;rm", "kep: 3", "extras/x: -o", "subarches: .hidden",
    ])
  func senseless(_ line: String) throws {
    let configured = try Configured("")
    try configured.write(configured.mirrorElement + "[section rotation]\n\(line)\n")
    let outcome = try configured.run("status")
    #expect(outcome.status == 1)
    let name = line.prefix { $0 != ":" }
    #expect(
      outcome.errorText.hasPrefix("mirrorctl: \(configured.workspace.path)/.metro:4: rotation/\(name): "),
      "\(outcome.errorText)")
  }
}

@Suite("config") struct ConfigVerbTests {
  private static let text = """
    [section path/mirror]
    : /srv/mirror
    snapshots: $[]/snapshots

    [section greeting]
    names: [
    # all of them
    one $[:last:lax]
    $[[more:lax]]
    ]
    build: $[target/build]
    """

  @Test("get prints an element, or all lines of a multi-line element")
  func getPrintsElement() throws {
    let configured = try Configured(Self.text)
    #expect(try configured.run("config", "get", "path/mirror/snapshots").text == "/srv/mirror/snapshots\n")
    #expect(try configured.run("config", "get", "greeting/names").text == "# all of them\none \n")
    #expect(try configured.run("config", "get", "greeting/build", "target/build:", "x").text == "x\n")
    let near = try configured.run("config", "get", "path/miror")
    #expect(near.status == 1)
    #expect(near.errorText.hasSuffix("did you mean path/mirror?\n"))
  }

  @Test("builds work in the user's cache directory, or in that of the machine")
  func workPlace() throws {
    let configured = try Configured("[section path/mirror]\n: /srv/mirror\n")
    let target = ["target:", "snapshot", "target/build:", "std", "target/version:", "2026-11-01"]
    func place(_ environment: [String: String]) throws -> Substring? {
      let outcome = try RunningProgram(
        [Program.path.string, "config", "dump"] + target,
        environment: configured.workspace.environment.merging(environment) { $1 }
      ).wait()
      return outcome.text.split(separator: "\n").first { $0.hasPrefix("path/tmp: ") }
    }
    #expect(try place(["XDG_CACHE_HOME": "/srv/caches"]) == "path/tmp: /srv/caches/mirrorctl")
    let usual = geteuid() == 0 ? "/var/cache" : "\(configured.workspace.path)/.cache"
    #expect(try place([:]) == "path/tmp: \(usual)/mirrorctl")
    try configured.write("[section path]\ntmp: /srv/tmp\nmirror: /srv/mirror\n")
    #expect(try place(["XDG_CACHE_HOME": "/srv/caches"]) == "path/tmp: /srv/tmp")
  }

  @Test("where prints file and line")
  func whereNamesFile() throws {
    let configured = try Configured(Self.text)
    #expect(
      try configured.run("config", "where", "greeting/build").text
        == "\(configured.workspace.path)/.metro:11\n"
    )
  }

  @Test("dump prints every element, or why it has no value")
  func dumpGivesEvery() throws {
    let configured = try Configured(Self.text)
    let dump = try #require(
      JSONSerialization.jsonObject(with: Data(try configured.run("config", "dump", "--json").output))
        as? [String: Any])
    #expect(dump["version"] as? Int == 2)
    let elements = try #require(dump["elements"] as? [String: Any])
    #expect(elements["greeting/names"] as? [String] == ["# all of them", "one "])
    #expect(elements["path/mirror"] as? String == "/srv/mirror")
    #expect((dump["unresolved"] as? [String: String])?.keys.sorted() == ["greeting/build"])
    // The rest of the output is valid configuration syntax.
    let text = try configured.run("config", "dump").text
    #expect(text.contains("path/mirror/snapshots: /srv/mirror/snapshots\n"))
    #expect(text.contains("greeting/names: [\n# all of them\none \n]\n"))
  }

  @Test("check reports all errors")
  func checkFindsAll() throws {
    let configured = try Configured("")
    try configured.write(
      """
      [section path/mirror]
      : /nonexistent/mirror
      owner: nosuchuser
      group: nosuchgroup
      dirmode: 999
      [section rotation]
      buildz: x
      [section a]
      b: $[c/d]
      e: $[path/miror]
      """)
    let outcome = try configured.run("config", "check")
    #expect(outcome.status == 1)
    for expected in [
      "`c/d` is not defined", "`path/miror` is not defined: did you mean `path/mirror`?",
      "rotation/buildz: is not a setting of [section rotation]: did you mean builds?",
    ] {
      #expect(outcome.errorText.contains(expected), "\(expected) in \(outcome.errorText)")
    }
    try configured.write(
      """
      [section path/mirror]
      : /nonexistent/mirror
      owner: nosuchuser
      """)
    let second = try configured.run("config", "check").errorText
    #expect(second.contains("unknown user `nosuchuser`"))
    #expect(second.contains("/nonexistent/mirror does not exist"))
  }

  @Test("check reports every wrong setting at once, with its file and line, also as JSON")
  func checkFindsSettings() throws {
    let configured = try Configured("")
    let wrong = """
      [section mirror]
      layout: metri
      [section path/mirror]
      owner: nosuchuser
      dirmode: 999
      [section rotation]
      buildz: x
      keep: many
      stale-days: -1
      modes: full ful+lxd
      modes/core2_64: freshn
      [section publish/www]
      to: nonsense
      retries: many
      what: everything
      receive: sshh
      remote-command: x
      [section farm]
      engine: slum
      cpus: 0
      [section farm/master]
      to: /local
      [section test]
      memory: lots
      frob: 1
      [section export/oci]
      formt: oci
      [section export/x]
      format: qcw2
      size: 5
      [section export/ec2]
      endpoint: ftp://x
      [section a]
      b: $[c/d]
      [section signing]
      key: 1234
      what: nothing
      """
    try configured.write(wrong)
    let mirror = ["MIRRORCTL_MIRROR": "\(configured.workspace.mirror)"]
    let outcome = try configured.run("config", "check", "--json", environment: mirror)
    #expect(outcome.status == 1)
    #expect(try OutputSchema.problem(of: outcome.output, by: ["config", "check", "--json"]) == nil)
    let report = try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
    let faults = try #require(report?["faults"] as? [[String: Any]])
    // Sections and what is only wrong because of another setting are no faults.
    let sound = [1, 3, 6, 12, 17, 18, 21, 23, 26, 28, 30, 31, 33, 35]
    #expect(
      faults.compactMap { $0["line"] as? Int }.sorted() == (1...37).filter { !sound.contains($0) },
      "\(outcome.errorText)")
    #expect(faults.allSatisfy { $0["file"] as? String == "\(configured.workspace.path)/.metro" })
    #expect(faults.contains { $0["path"] as? String == "rotation/modes/core2_64" })
    for message in [
      ":19: farm/engine: `slum` is not valid: use some of: local, slurm\n",
      ":11: rotation/modes/core2_64: `freshn` is not a build mode: did you mean `freshen`?\n",
    ] {
      #expect(outcome.errorText.contains("mirrorctl: \(configured.workspace.path)/.metro\(message)"))
    }
  }

  @Test("check warns of a section whose name resembles one of mirrorctl's, unless specs have such a section")
  func checkWarnsOfSections() throws {
    let configured = try Configured(
      """
      [section publsh/www]
      to: /srv/www
      [section rotaton]
      keep: 3
      [section greeting]
      hello: world
      [section test]
      memory: 1G
      [collect ./specs.conf]
      [section exports]
      name: x
      """)
    try configured.workspace.shell("printf '[section exports]\nother: y\n' > specs.conf")
    let mirror = ["MIRRORCTL_MIRROR": "\(configured.workspace.mirror)"]
    let outcome = try configured.run("config", "check", environment: mirror)
    let file = "mirrorctl: \(configured.workspace.path)/.metro"
    #expect(outcome.status == 0)
    #expect(
      outcome.errorText == """
        \(file):2: publsh/www/to: mirrorctl does not read [section publsh]: did you mean [section publish]?
        \(file):4: rotaton/keep: mirrorctl does not read [section rotaton]: did you mean [section rotation]?

        """)
  }

  @Test("check reports errors of the language as JSON, too")
  func checkReportsLanguage() throws {
    let configured = try Configured("one line\nx: 1\nx: 2\n")
    let outcome = try configured.run("config", "check", "--json")
    #expect(outcome.status == 1)
    let report = try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
    let faults = report?["faults"] as? [[String: Any]] ?? []
    #expect(faults.compactMap { $0["line"] as? Int } == [1, 3], "\(outcome.text)")
  }

  @Test("MIRRORCTL_MIRROR takes the place of path/mirror")
  func checkByVariable() throws {
    let configured = try Configured("[section rotation]\nkeep: 3\n")
    #expect(try configured.run("config", "check").errorText.contains("path/mirror: is not set"))
    let mirror = ["MIRRORCTL_MIRROR": "\(configured.workspace.mirror)"]
    let outcome = try configured.run("config", "check", environment: mirror)
    #expect(outcome.status == 0 && outcome.errorText == "", "\(outcome.errorText)")
    #expect(outcome.text.contains("which is in the mirror"))
    try configured.write("path/mirror: /nowhere\nrotation/keep: 3\n")
    let instead = try configured.run("config", "check", environment: mirror)
    #expect(instead.status == 0 && instead.errorText == "", "\(instead.errorText)")
    #expect(instead.text.contains("which is in the mirror"), "\(instead.text)")
    let wrong = try configured.run("config", "check", environment: ["MIRRORCTL_MIRROR": "/nonexistent"])
    #expect(wrong.errorText.hasPrefix("mirrorctl: MIRRORCTL_MIRROR: /nonexistent does not exist"))
  }

  @Test("example is valid except that its mirror does not exist")
  func exampleSoundBut() throws {
    let configured = try Configured("")
    try configured.write(try configured.run("config", "example").text)
    let outcome = try configured.run("config", "check")
    #expect(
      outcome.errorText
        == "mirrorctl: \(configured.workspace.path)/.metro:8: path/mirror: /srv/mirror does not exist: "
        + "create it, or check the path\n")
    #expect(try configured.run("status", "--mirror", "\(configured.workspace.mirror)").status == 0)
  }

  @Test("host code runs only if it is allowed")
  func codeHostRuns() throws {
    let configured = try Configured("x: [\n<?python\nprint(6 * 7, os.sep)\n?>\n]\ny: plain\n")
    #expect(try configured.run("config", "get", "x").text == "42 /\n\n")
    let refused = try configured.run("config", "get", "--no-host-code", "x")
    #expect(refused.status == 1)
    #expect(refused.errorText.contains("--no-host-code was given"))
    #expect(try configured.run("config", "get", "--no-host-code", "y").text == "plain\n")
    let missing = try configured.run("config", "get", "x", environment: ["PATH": "/nonexistent"])
    #expect(missing.status != 0)
  }
}

@Suite("config import-buildbot") struct BuildbotImportTests {
  private func imported(_ python: String) throws -> (Outcome, Configured) {
    let configured = try Configured("")
    try Data(python.utf8).write(to: URL(fileURLWithPath: "\(configured.workspace.path)/buildbot"))
    return (
      try configured.run("config", "import-buildbot", "\(configured.workspace.path)/buildbot"), configured
    )
  }

  private static let lists = """
    builds = ("current", "stable")
    arches = ("x86-64bit",)
    subarches = ("generic_64", "core2_64")

    """

  @Test("converts the lists and tables, and the rotation makes the same decisions")
  func saysWhatLists() throws {
    let (outcome, configured) = try imported(
      Self.lists + """
        all_subarches = subarches + ("elsewhere_64",)
        stale_days = 5
        def map_build(build, subarch, full, full_date):
            if subarch == "core2_64":
                return "freshen+lxd" if full else ("full", "lxd")
            return ("freshen",) if full == True else ["full"]
        """)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(
      outcome.lines.dropFirst() == [
        "[section rotation]", "builds: current stable", "arches: x86-64bit", "subarches: generic_64 core2_64",
        "also-stored: elsewhere_64", "stale-days: 5", "modes: full freshen", "extras/core2_64: lxd",
      ])
    try configured.write(configured.mirrorElement + outcome.text)
    #expect(try configured.run("status").status == 0)
  }

  @Test("images that map_build names for one mode only are written with that mode")
  func imagesPerMode() throws {
    let (outcome, configured) = try imported(
      Self.lists + """
        def map_build(build, subarch, full, full_date):
            if subarch == "core2_64":
                return "freshen+lxd" if full else "full+lxd"
            return "freshen" if full else ("full", "openvz")
        """)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(
      outcome.lines.suffix(3) == [
        "modes: full+openvz freshen", "modes/core2_64: full freshen", "extras/core2_64: lxd",
      ], "\(outcome.text)")
    try configured.write(configured.mirrorElement + outcome.text + "stale-days: 1\n")
    let next = try configured.run("nextbuild").text
    #expect(next.contains("subarch=generic_64") && next.contains("target=full\nextras='openvz'"), "\(next)")
    try configured.write(configured.mirrorElement + "[section rotation]\nmodes: full+ freshen\n")
    #expect(try configured.run("nextbuild").errorText.contains("rotation/modes: `full+` is not a build mode"))
  }

  @Test("reports what the tables cannot express")
  func saysWhatTable() throws {
    let (outcome, _) = try imported(
      Self.lists + """
        def map_build(build, subarch, full, full_date):
            return "quick" if full_date and full_date < "2026-01-01" else "full"
        """)
    #expect(outcome.status == 3)
    #expect(outcome.errorText.contains("decide: COMMAND"))
    #expect(outcome.text.contains("builds: current stable"))
  }

  @Test(
    "reports the line and the error of a broken file, in one message, and prints nothing",
    arguments: [
      ("builds = (", ":1: SyntaxError: "),
      ("import os\nbuilds = names\n", ":2: NameError: name 'names' is not"),
      ("import sys\nsys.exit('no\\nmore')\n", ":2: SystemExit: no\\nmore"),
      (lists + "def map_build(*given):\n    return given[9]\n", ":5: IndexError: tuple index out of range"),
    ])
  func brokenFile(_ python: String, _ message: String) throws {
    let (outcome, configured) = try imported(python)
    #expect(outcome.status == 1 && outcome.text == "")
    #expect(
      outcome.errorText.hasPrefix("mirrorctl: \(configured.workspace.path)/buildbot\(message)"),
      "\(outcome.errorText)")
    #expect(outcome.errorText.split(separator: "\n").count == 1, "\(outcome.errorText)")
  }

  @Test("what the file prints by itself, or its programs, is not part of the output")
  func talking() throws {
    let talk = """
      import os, sys, atexit
      print("hello"); print("hello", file=sys.stderr); os.system("echo hello; echo hello >&2")
      atexit.register(print, "hello")

      """
    let (outcome, _) = try imported(talk + Self.lists)
    #expect(outcome.status == 0 && outcome.errorText == "", "\(outcome.errorText)")
    #expect(outcome.text.contains("builds: current stable") && !outcome.text.contains("hello"))
  }
}
