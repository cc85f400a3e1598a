import Foundation
import SystemPackage
import TestSupport
import Testing

/// A mirror whose tarballs are holes of given sizes in bytes.
private func makeMirror(of sizes: [Int], in workspace: Workspace) throws {
  for (index, size) in sizes.enumerated() {
    let version = "mirror/rel/x86-64bit/s\(index)/2026-11-20"
    try workspace.shell("mkdir -p \(version); echo ok > \(version)/status")
    try Compressed.writeHole(
      bytes: size, to: "\(workspace.path)/\(version)/stage3-s\(index)-rel-2026-11-20.tar.zst")
  }
}

private let mebibyte = 1 << 20

@Suite("A run that hashes") struct HashingRunTests {
  @Test(
    "reports a tarball that the disk fails to read, hashes the others, and exits with 3",
    .enabled(if: Tracing.works, "\(Tracing.reason)"), arguments: [["digestgen"], ["verify"]])
  func readError(_ verb: [String]) throws {
    let workspace = try Workspace()
    try makeMirror(of: Array(repeating: 3 * mebibyte, count: 12), in: workspace)
    try workspace.shell(
      "head -c 2M /dev/urandom | dd of=mirror/rel/x86-64bit/s4/2026-11-20/stage3-s4-rel-2026-11-20.tar.zst bs=64K seek=1 conv=notrunc status=none"
    )
    if verb == ["verify"] { try #require(try workspace.mirrorctl("digestgen").status == 0) }
    let algorithms = verb == ["digestgen"] ? ["--algorithm", "sha256,sha512"] : []
    // As if nothing were cached, so that nothing is mapped.
    let cold = ["-e", "inject=preadv2:error=EAGAIN"]
    let trace =
      Tracing.arguments(trace: ["pread64", "preadv2"], inject: "pread64:error=EIO:when=40") + cold
    let outcome = try workspace.run(trace + workspace.command(verb + algorithms + ["--jobs", "1"]))
    #expect(outcome.status == 3)
    let lines = outcome.errorText.split(separator: "\n")
    try #require(lines.count == 1, "\(outcome.errorText)")
    let victim = try #require(lines[0].firstMatch(of: /s([0-9]+)-rel-2026-11-20\.tar\.zst: cannot read/))
    if verb == ["digestgen"] {
      let judged = try workspace.shell(
        """
        cd mirror/rel/x86-64bit
        for t in */*/*.tar.zst; do
          case $t in s\(victim.1)/*) [ ! -e $t.hash.txt ] || exit 9; continue;; esac
          echo "$(cut -d' ' -f2 $t.hash.txt)  $t"
        done | sha256sum -c --strict --quiet
        """)
      #expect(judged.errorText == "")
    } else {
      #expect(outcome.text.split(separator: "\n").count { $0.hasPrefix("ok ") } == 11)
    }
    let again = try workspace.run(workspace.command(verb))
    #expect(again.status == 0, "\(again.errorText)")
  }

  @Test("uses less than 64 MiB for any number and size of tarballs", arguments: [1, 40])
  func memory(count: Int) throws {
    let workspace = try Workspace()
    try makeMirror(of: Array(repeating: 240 / count * mebibyte, count: count), in: workspace)
    let run = try workspace.start(
      workspace.command(["digestgen", "--algorithm", "sha256,sha512,blake2b", "--jobs", "8"]))
    var peak = 0
    while run.isRunning {
      // The peak resident set size in KiB; the file is empty if the program has just ended.
      let status = (try? String(contentsOfFile: "/proc/\(run.pid)/status", encoding: .utf8)) ?? ""
      if let line = status.firstMatch(of: /Name:\s+mirrorctl[\s\S]*VmHWM:\s+([0-9]+) kB/) {
        peak = max(peak, Int(line.1) ?? 0)
      }
      usleep(2000)
    }
    #expect(try run.wait().status == 0)
    #expect(peak > 0)
    #expect(peak < 64 << 10)
  }

  @Test(
    "gives the same digests with each of the CPU's instruction sets",
    arguments: ["avx512", "avx2", "avx2,shani", "none"])
  func masked(_ list: String) throws {
    let workspace = try Workspace()
    try makeMirror(
      of: [10, 9, mebibyte] + Array(repeating: 3 * mebibyte, count: 7) + [700 << 10], in: workspace)
    let verb = workspace.command([
      "digestgen", "--algorithm", "sha256,sha512,blake2b", "--format", "manifest",
    ])
    try #require(try workspace.run(verb).status == 0)
    let before = try Tree(workspace.mirror)
    try workspace.shell(
      "rm -rf state; find mirror -name '*.hash.txt' -delete; find mirror -name Manifest -delete")
    let outcome = try workspace.run(["env", "MIRRORCTL_ISA=\(list)"] + verb)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let differences = try Tree(workspace.mirror).differences(from: before)
    #expect(differences.filter { $0 != ".mirrorctl.lock differs" } == [])
  }
}
