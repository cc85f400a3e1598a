import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("Targets by what they are made from", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct InputTests {
  private static let steps = """
    [section steps/chroot]
    run: [
    #!/bin/sh
    echo $[word] $[target] > /etc/word
    # $[path/tmp]
    # $[portage/MAKEOPTS:lax]
    ]

    """

  /// A site whose stage1 starts from the same seed in each version.
  private func makeSite() throws -> BuildSite {
    let site = try BuildSite(Self.steps)
    // Files that are newer than a version get its time.
    try site.workspace.shell("find tree -exec touch -d 2026-11-01 {} +")
    try site.workspace.shell(
      "sed -i 's|^source: .*\\[seed\\].*stage3.*$|source: $[:subarch]/2026-11-01/stage3-gen-std-2026-11-01.tar.xz|' conf"
    )
    return site
  }

  private func inode(_ site: BuildSite, _ name: String) throws -> String {
    try site.workspace.run(["stat", "-c", "%i", site.subarchPath.appending(name).string]).text
  }

  private func report(_ outcome: Outcome) throws -> [String: [String: Any]] {
    let json = try JSONSerialization.jsonObject(with: Data(outcome.text.utf8)) as? [String: Any]
    let targets = (json?["targets"] as? [[String: Any]]) ?? []
    return Dictionary(
      uniqueKeysWithValues: targets.compactMap { target in
        (target["name"] as? String).map { ($0, target) }
      })
  }

  @Test("a version from the same inputs gets the files of the earlier one, and builds nothing")
  func reuse() throws {
    let site = try makeSite()
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22", "word:", "one"])
    let again = try site.succeed(
      ["build", "--json", "-j", "3"] + BuildSite.subarch + ["2026-11-23", "word:", "one"])
    let targets = try report(again)
    for name in ["stage1", "stage3"] {
      #expect(targets[name]?["reused"] as? String == "std/x86-64bit/gen/2026-11-22")
      let file = "\(name)-gen-std-2026-11"
      #expect(try inode(site, "2026-11-22/\(file)-22.tar.xz") == inode(site, "2026-11-23/\(file)-23.tar.xz"))
      #expect(site.text("2026-11-23/\(file)-23.tar.xz.hash.txt") != nil)
      #expect(site.text("2026-11-23/\(file)-23.tar.xz.contents.gz") != nil)
    }
    #expect(site.text("2026-11-23/status") == "ok")
    #expect(site.text(".control/version/stage3") == "2026-11-23\n")
    let stage = site.subarchPath.appending("2026-11-23/stage3-gen-std-2026-11-23.tar.xz").string
    let sum = try site.workspace.run(["sha256sum", stage]).text.prefix(64)
    #expect(site.text("2026-11-23/stage3-gen-std-2026-11-23.tar.xz.hash.txt")?.contains(sum) == true)
    try site.succeed(["digestgen"])
    let verified = try site.run(["verify"])
    #expect(verified.status == 0, "\(verified.text)\(verified.errorText)")
    // The chain of its provenance goes on from the new version, also behind a link.
    defer {
      _ = try? site.workspace.run(["gpgconf", "--homedir", "\(site.workspace.path)/g", "--kill", "all"])
    }
    try site.workspace.shell(
      """
      mkdir -m 700 g; gpg() { command gpg --homedir g --batch --quiet --no-tty "$@" 2> /dev/null; }
      gpg --passphrase '' --quick-generate-key good@example.org ed25519 sign never
      key=$(gpg --with-colons --list-keys good@example.org | grep -m 1 ^fpr | cut -d : -f 10)
      printf '[section signing]\\nkey: %s\\nhomedir: %s/g\\n' "$key" "$PWD" >> conf
      """)
    try site.succeed(["digestgen"])
    let chain = try site.run(["verify", "--provenance", "\(site.subarchPath)/stage3-latest.tar.xz"])
    #expect(chain.status == 0, "\(chain.text)\(chain.errorText)")
    let links = chain.text.split(separator: "\n").map { $0.prefix(11).trimmingCharacters(in: .whitespaces) }
    #expect(links == ["ok", "ok", "seed"], "\(chain.text)")
    #expect(chain.text.contains("/2026-11-23/stage1-gen-std-2026-11-23.tar.xz"), "\(chain.text)")
    // With --rebuild, it is built all the same.
    let rebuilt = try report(
      try site.succeed(
        ["build", "--json", "--rebuild"] + BuildSite.subarch + ["2026-11-24", "word:", "one"]))
    #expect(rebuilt["stage1"]?["reused"] == nil)
  }

  @Test("a change of a step builds that target and those made from it, and --why names the lines")
  func change() throws {
    let site = try makeSite()
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22", "word:", "one"])
    let same = try site.succeed(
      ["build", "--why"] + BuildSite.subarch + ["2026-11-23", "word:", "one", "portage/MAKEOPTS:", "seven"])
    #expect(same.text.contains("stage1: is that of 2026-11-22 if the snapshot is the same"), "\(same.text)")
    let why = try site.succeed(["build", "--why"] + BuildSite.subarch + ["2026-11-23", "word:", "two"])
    #expect(
      why.text.contains("stage1: is built, since 2026-11-22 was made from other inputs:"), "\(why.text)")
    #expect(why.text.contains("- echo one stage1 > /etc/word"), "\(why.text)")
    #expect(why.text.contains("+ echo two stage1 > /etc/word"), "\(why.text)")
    #expect(!why.text.contains("seed"), "\(why.text)")
    #expect(why.text.contains("stage3: is built if stage1 is"), "\(why.text)")
    let built = try report(
      try site.succeed(["build", "--json"] + BuildSite.subarch + ["2026-11-23", "word:", "two"]))
    #expect(built["stage1"]?["reused"] == nil && built["stage3"]?["reused"] == nil)
    #expect(try site.file("./etc/word", in: "2026-11-23/stage3-gen-std-2026-11-23.tar.xz") == "two stage3\n")
  }

  @Test("after a failure, the same version goes on from the targets whose inputs are the same")
  func goOn() throws {
    let site = try makeSite()
    try site.workspace.shell(
      "printf '%s\\n' '[section steps/chroot when target is stage3]' 'postrun: [' '#!/bin/sh' '$[fate]' ']' >> conf"
    )
    func build(_ version: String, _ word: String, _ command: String) throws -> Outcome {
      try site.run(
        ["build", "--json"] + BuildSite.subarch + [version, "word:", word, "fate:", command])
    }
    #expect(try build("2026-11-22", "one", "false").status == 1)
    let later = try report(try build("2026-11-22", "one", "true"))
    #expect(later["stage1"]?["present"] as? Bool == true)
    #expect(later["stage3"]?["outcome"] as? String == "done")

    #expect(try build("2026-11-23", "two", "false").status == 1)
    let changed = try report(try build("2026-11-23", "three", "true"))
    #expect(changed["stage1"]?["present"] as? Bool == false)
    #expect(
      try site.file("./etc/word", in: "2026-11-23/stage1-gen-std-2026-11-23.tar.xz") == "three stage1\n")
    // A finished version is not built again.
    let finished = try report(try build("2026-11-23", "four", "true"))
    #expect(finished["stage1"]?["present"] as? Bool == true)
  }

  @Test("a damaged or withdrawn file of an earlier version is not used")
  func damaged() throws {
    let site = try makeSite()
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22", "word:", "one"])
    try site.workspace.shell(
      "printf x | dd of='\(site.subarchPath)/2026-11-22/stage1-gen-std-2026-11-22.tar.xz' bs=1 seek=200 conv=notrunc status=none"
    )
    let built = try report(
      try site.succeed(["build", "--json"] + BuildSite.subarch + ["2026-11-23", "word:", "one"]))
    #expect(built["stage1"]?["reused"] == nil)
    #expect(
      site.text("2026-11-23/log/stage1.txt")?.contains("is not what was made, so it is not used") == true)
    try site.succeed(["withdraw", "std/x86-64bit/gen/2026-11-23", "--reason", "broken"])
    let next = try report(
      try site.succeed(["build", "--json"] + BuildSite.subarch + ["2026-11-24", "word:", "one"]))
    #expect(next["stage1"]?["reused"] == nil)
  }

  @Test("what a step wrote, and what is compressed later, is used in both forms")
  func otherTarballs() throws {
    let site = try makeSite()
    func build(_ version: String, _ more: String...) throws -> [String: Any] {
      try #require(
        try report(
          try site.succeed(
            ["build", "--json"] + BuildSite.subarch + [version, "target:", "stage1", "word:", "one"] + more))[
            "stage1"])
    }
    for day in 21...28 { try site.succeed(["snapshot", "std", "2026-11-\(day)"]) }
    let later = ["capture/compress:", "later"]
    func file(_ day: Int, _ suffix: String) -> String {
      "2026-11-\(day)/stage1-gen-std-2026-11-\(day).tar\(suffix)"
    }
    _ = try build("2026-11-21", later[0], later[1])
    // Before it is compressed.
    #expect(try build("2026-11-22", later[0], later[1])["reused"] != nil)
    #expect(try inode(site, file(21, "")) == inode(site, file(22, "")))
    #expect(site.text(file(22, ".cme")) != nil && site.text(file(22, ".hash.txt")) == nil)
    try site.succeed(["compress"])
    // And after it; only the last one has it.
    try site.workspace.shell("rm -r '\(site.subarchPath)/2026-11-21'")
    let compressed = try build("2026-11-23", later[0], later[1])
    #expect(compressed["reused"] != nil && compressed["sha256"] != nil)
    #expect(try inode(site, file(22, ".xz")) == inode(site, file(23, ".xz")))
    #expect(site.text(file(23, ".xz.spdx.json"))?.contains("stage1-gen-std-2026-11-23.tar.xz") == true)
    try site.succeed(["digestgen"])
    #expect(try site.run(["verify"]).status == 0)
    // Another content is not used.
    try site.workspace.shell(
      """
      cd '\(site.subarchPath)'; rm -r 2026-11-23; echo other > other; tar -cJf '\(file(22, ".xz"))' other; rm other
      """)
    #expect(try build("2026-11-24", later[0], later[1])["reused"] == nil)

    try site.workspace.shell(
      "printf '%s\\n' '[section steps when target is stage1]' 'capture: [' '#!/bin/sh' 'tar -cJf $[path/mirror/target] -C $[path/chroot/stage] .' ']' >> conf"
    )
    #expect(try build("2026-11-25")["reused"] == nil)
    #expect(try build("2026-11-26")["reused"] != nil)
    #expect(try inode(site, file(25, ".xz")) == inode(site, file(26, ".xz")))
    #expect(site.text(file(26, ".xz.hash.txt")) != nil)
  }

  @Test("neither credentials nor paths of the host are recorded")
  func secrets() throws {
    let site = try makeSite()
    try site.workspace.shell(
      "sed -i 's|^# $.path/tmp.|# $[path/tmp] https://user:secret@example.org/x|' conf")
    try site.succeed(["build"] + BuildSite.subarch + ["2026-11-22", "word:", "one"])
    let record = try #require(site.text("2026-11-22/log/stage1.inputs.json"))
    #expect(record.contains("https://example.org/x") && record.contains("<path/tmp>"), "\(record)")
    #expect(!record.contains("secret") && !record.contains(site.workspace.path.string), "\(record)")
  }
}
