import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("Stages that are built twice", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct ReproductionTests {
  private static let version = "2026-11-22"
  private static let file = "\(version)/stage1-gen-std-\(version).tar.xz"

  /// A site whose stage contains what a command prints, and which notes each build on the host.
  private func site(_ command: String) throws -> BuildSite {
    let site = try BuildSite(
      """
      [section build when target is stage1]
      reproduce: yes
      [section portage]
      MAKEOPTS: -j6 -l3
      [section steps/unpack]
      post: [
      #!/bin/sh
      echo "$[path/work] $[path/cache/package] $[portage/MAKEOPTS:lax]" >> $[path/tmp]/builds
      ]
      [section steps/chroot]
      run: [
      #!/bin/sh
      \(command)
      ]

      """)
    // Files that are newer than a version get its time.
    try site.workspace.shell("find tree -exec touch -d 2026-11-01 {} +")
    try site.succeed(["snapshot", "std", Self.version])
    return site
  }

  private func build(_ site: BuildSite, _ arguments: String..., path: String? = nil) throws -> Outcome {
    let command = site.command(["build", "--json", "--threads", "3"] + BuildSite.subarch + arguments)
    return try site.workspace.run(
      path.map { ["/usr/bin/env", "PATH=\($0)"] + command.dropFirst() } ?? command)
  }

  private func target(_ outcome: Outcome) throws -> [String: Any] {
    let json = try JSONSerialization.jsonObject(with: Data(outcome.text.utf8)) as? [String: Any]
    return try #require((json?["targets"] as? [[String: Any]])?.first)
  }

  @Test("that are the same in other directories and with other numbers of jobs are noted as such")
  func same() throws {
    let site = try site("echo same > /etc/built")
    let built = try build(site, Self.version, "target:", "stage1")
    #expect(built.status == 0, "\(built.errorText)")
    #expect(try target(built)["reproduced"] as? Bool == true)
    let work = "\(site.workspace.path)/tmp/work/std/stage1-gen-std-\(Self.version)"
    let builds = try site.workspace.run(["cat", "\(site.workspace.path)/tmp/builds"]).text
    #expect(
      builds == """
        \(work) \(site.workspace.path)/tmp/packages -j6 -l3
        \(work).again/work \(work).again/packages -j3 -l3

        """)
    let log = try #require(site.text("\(Self.version)/log/stage1.txt"))
    #expect(log.contains("stage1: is built a second time, with 1 thread"), "\(log)")
    #expect(log.components(separatedBy: ">>> stage1: steps/chroot/run").count == 3, "\(log)")
    #expect(log.contains("stage1: the second build made the same"), "\(log)")
    #expect(try site.workspace.shell("ls tmp/work/std").text == "")
    let statement = try #require(site.text("\(Self.file).provenance.json"))
    #expect(statement.contains("\"reproduced\" : \"yes\""), "\(statement)")

    // The key does not depend on it, and what is taken from this version was built twice as well.
    try site.succeed(["snapshot", "std", "2026-11-23"])
    let next = try target(try build(site, "2026-11-23", "target:", "stage1", "build/reproduce:", "no"))
    #expect(next["reproduced"] as? Bool == true && next["reused"] != nil, "\(next)")
  }

  @Test("that differ fail, and the log says in what", arguments: [true, false])
  func different(hasProgram: Bool) throws {
    let site = try site(
      "cat /proc/sys/kernel/random/uuid > /etc/random; mkdir /etc/$(cat /proc/sys/kernel/random/uuid)")
    let path = hasProgram ? "/usr/local/bin:/usr/bin:/bin" : "\(site.workspace.path)"
    let failed = try build(site, Self.version, "target:", "stage1", path: path)
    #expect(failed.status == 1, "\(failed.errorText)")
    let entry = try target(failed)
    let problem = try #require(entry["problem"] as? String)
    #expect(
      problem.hasPrefix("stage1: build/reproduce: two builds differ in 3 files: ./etc/"), "\(problem)")
    let errors = try #require(entry["firstError"] as? [String])
    #expect(
      errors.contains { $0.hasPrefix("./etc/random: content sha256:") && $0.contains(" and sha256:") },
      "\(errors)")
    #expect(
      errors.contains { $0.hasPrefix("./etc/") && $0.hasSuffix("/: is only in the second") }, "\(errors)")
    let log = try #require(site.text("\(Self.version)/log/stage1.txt"))
    if hasProgram {
      #expect(log.contains("│ -"), "\(log)")
      #expect(log.contains("./etc/random"), "\(log)")
    } else {
      #expect(log.contains("diffoscope is not installed"), "\(log)")
    }
    // Nothing of either is offered or left.
    #expect(try site.workspace.shell("find '\(site.subarchPath)/\(Self.version)' -name '*.tar.*'").text == "")
    #expect(try site.workspace.shell("ls tmp/work/std").text == "")
    #expect(site.text(".control/.failcount") == "1\n")
  }

  @Test("are refused before anything is built if the setting is wrong, or a step writes the tarball")
  func wrong() throws {
    let site = try site("true")
    let unknown = try build(site, Self.version, "target:", "stage1", "build/reproduce:", "maybe")
    #expect(unknown.status == 1)
    #expect(
      unknown.errorText.contains("build/reproduce: `maybe` is neither yes nor no"), "\(unknown.errorText)")
    try site.workspace.shell(
      "printf '%s\\n' '[section steps]' 'capture: [' '#!/bin/sh' 'tar -cJf $[path/mirror/target] -C $[path/chroot/stage] .' ']' >> conf"
    )
    let written = try build(site, Self.version, "target:", "stage1")
    #expect(written.status == 1)
    #expect(
      written.errorText.contains("build/reproduce: steps/capture writes the tarball"), "\(written.errorText)")
    #expect(site.text("\(Self.version)/log/stage1.txt") == nil)
  }
}
