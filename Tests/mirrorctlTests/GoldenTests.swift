import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import mirrorctl

/// A command line, run on an unchanged fixture, with a golden output.
struct GoldenCase: CustomTestStringConvertible, Sendable {
  let name: String
  let arguments: String
  var status: Int32 = 0

  var testDescription: String { name }

  static let all = [
    GoldenCase(name: "status", arguments: "status"),
    GoldenCase(name: "status-json", arguments: "status --json"),
    GoldenCase(name: "nextbuild", arguments: "nextbuild"),
    GoldenCase(name: "nextbuild-json", arguments: "nextbuild --json"),
    GoldenCase(name: "nextbuild-modes", arguments: "nextbuild --modes full,freshen"),
    GoldenCase(name: "nextbuild-none", arguments: "nextbuild --stale-days 10000 --max-failcount 0"),
    GoldenCase(name: "empties", arguments: "empties"),
    GoldenCase(name: "empties-json", arguments: "empties --json"),
    GoldenCase(name: "zap-dry-run", arguments: "zap --dry-run"),
    GoldenCase(name: "zap", arguments: "zap"),
    GoldenCase(name: "zap-json", arguments: "zap --json funtoo-current/pure64"),
    GoldenCase(name: "clean", arguments: "clean"),
    GoldenCase(name: "clean-json", arguments: "clean --json"),
    GoldenCase(name: "clean-apply-dry-run", arguments: "clean --apply --dry-run --keep 1"),
    GoldenCase(name: "clean-apply", arguments: "clean --apply --keep 1"),
    GoldenCase(name: "clean-apply-json", arguments: "clean --apply --keep 1 --json"),
    GoldenCase(name: "clean-max-remove", arguments: "clean --max-remove 1", status: 5),
    GoldenCase(name: "digestgen-dry-run", arguments: "digestgen --dry-run"),
    GoldenCase(name: "digestgen-dry-run-json", arguments: "digestgen --dry-run --json"),
    GoldenCase(name: "digestgen", arguments: "digestgen"),
    GoldenCase(name: "digestgen-quiet", arguments: "digestgen --quiet"),
    GoldenCase(name: "digestgen-json", arguments: "digestgen --json"),
    GoldenCase(
      name: "digestgen-one", arguments: "digestgen funtoo-current/snapshots/portage-2026-11-01.tar.xz"),
    GoldenCase(
      name: "digestgen-all-formats",
      arguments: """
        digestgen --format hash.txt,sums,bsd,digests,manifest --algorithm sha256,sha512,blake2b \
        1.4-release-std/x86-64bit
        """),
    GoldenCase(name: "verify-undigested", arguments: "verify", status: 3),
    GoldenCase(name: "index-json", arguments: "index --format json --output -"),
    GoldenCase(name: "compress-dry-run", arguments: "compress --dry-run"),
    GoldenCase(name: "compress-dry-run-json", arguments: "compress --dry-run --json"),
    GoldenCase(name: "upkeep-json", arguments: "upkeep --json --keep 2"),
    GoldenCase(name: "error-unknown-algorithm", arguments: "digestgen --algorithm md5", status: 64),
    GoldenCase(name: "error-unknown-format", arguments: "digestgen --format sfv", status: 64),
    GoldenCase(name: "error-keep-0", arguments: "clean --keep 0", status: 64),
    GoldenCase(name: "error-unknown-verb", arguments: "frobnicate", status: 64),
    GoldenCase(name: "error-outside", arguments: "verify /etc/passwd", status: 1),
    GoldenCase(name: "error-outside-relative", arguments: "digestgen ../elsewhere", status: 1),
    GoldenCase(name: "error-no-such-path", arguments: "verify funtoo-current/nothing", status: 1),
    GoldenCase(name: "error-missing-mirror", arguments: "status --mirror /nonexistent/mirror", status: 1),
    GoldenCase(name: "error-subset", arguments: "verify --subset 8/7", status: 64),
    GoldenCase(name: "error-max-rate", arguments: "verify --max-rate fast", status: 64),
    GoldenCase(name: "version", arguments: "--version"),
    GoldenCase(name: "help", arguments: "--help"),
    GoldenCase(name: "help-unpack", arguments: "unpack --help"),
    GoldenCase(name: "help-capture", arguments: "capture --help"),
    GoldenCase(name: "help-build", arguments: "build --help"),
    GoldenCase(name: "help-snapshot", arguments: "snapshot --help"),
    GoldenCase(name: "help-doctor", arguments: "doctor --help"),
    GoldenCase(name: "help-publish", arguments: "publish --help"),
    GoldenCase(name: "help-receive", arguments: "receive --help"),
    GoldenCase(name: "help-keys", arguments: "keys --help"),
    GoldenCase(name: "help-keys-export", arguments: "keys export --help"),
    GoldenCase(name: "help-farm", arguments: "farm --help"),
    GoldenCase(name: "help-farm-status", arguments: "farm status --help"),
    GoldenCase(name: "help-farm-submit", arguments: "farm submit --help"),
    GoldenCase(name: "help-farm-run", arguments: "farm run --help"),
    GoldenCase(name: "error-farm-local", arguments: "farm status", status: 1),
    GoldenCase(name: "error-build", arguments: "build std x86-64bit", status: 64),
  ]
}

@Suite("The program's output") struct WhatProgramSaysTests {
  @Test("on the fixture matches the golden files", arguments: GoldenCase.all)
  func onFixtureWhat(golden: GoldenCase) throws {
    let mirror = try GoldenMirror()
    let arguments = golden.arguments.split(separator: " ").map(String.init)
    let run = mirror.run(arguments, environment: ["MIRRORCTL_MIRROR": "\(mirror.root)"])
    #expect(run.status == golden.status, "\(run.text)")
    try Golden.expect(run.text, is: golden.name)
  }

  @Test("for an unknown instruction set lists the known ones")
  func instructionsDoesNot() throws {
    let mirror = try GoldenMirror()
    let run = mirror.run(
      ["digestgen"], environment: ["MIRRORCTL_MIRROR": "\(mirror.root)", "MIRRORCTL_ISA": "avx2,mmx"])
    #expect(run.status == 64)
    try Golden.expect(run.text, is: "error-unknown-isa")
  }

  @Test("without a mirror explains how to set one")
  func withoutMirrorTells() throws {
    let run = try GoldenMirror().run(["status"], environment: [:])
    #expect(run.status == 64)
    try Golden.expect(run.text, is: "error-no-mirror")
  }

  @Test("is empty if digestgen has nothing to do")
  func nothingWhenDigestgen() throws {
    let mirror = try GoldenMirror()
    mirror.run("digestgen")
    let tree = try Tree(mirror.root)
    let again = mirror.run("digestgen")
    #expect(again.status == 0)
    #expect(again.output == [])
    #expect(again.errors == [])
    #expect(try Tree(mirror.root).differences(from: tree) == [])
  }

  @Test("of verify after digestgen reports no problems")
  func afterDigestgenAll() throws {
    let mirror = try GoldenMirror()
    mirror.run("digestgen")
    let text = mirror.run("verify")
    #expect(text.status == 0)
    try Golden.expect(text.text, is: "verify")
    try Golden.expect(mirror.run("verify", "--json").text, is: "verify-json")
    try Golden.expect(mirror.run("verify", "--quiet").text, is: "verify-quiet")
    try Golden.expect(
      mirror.run("digestgen", "--force", "funtoo-current/snapshots").text, is: "digestgen-force")
  }

  @Test("for a corrupt tarball reports it, and its digest is kept")
  func corruptTarballNames() throws {
    let mirror = try GoldenMirror()
    mirror.run("digestgen")
    let path = "funtoo-current/snapshots/portage-2026-11-16.tar.xz"
    try mirror.workspace.shell(
      """
      printf X | dd of=mirror/\(path) bs=1 seek=100 conv=notrunc status=none
      touch -d '2026-11-21 10:00 UTC' mirror/\(path)
      """)
    let verified = mirror.run("verify")
    #expect(verified.status == 4)
    try Golden.expect(verified.text, is: "verify-corrupt")
    try Golden.expect(mirror.run("verify", "--quiet").text, is: "verify-corrupt-quiet")
    try Golden.expect(mirror.run("verify", "--json", path).text, is: "verify-corrupt-json")
    let digestgen = mirror.run("digestgen")
    #expect(digestgen.status == 4)
    try Golden.expect(digestgen.text, is: "digestgen-corrupt")
    try Golden.expect(mirror.run("digestgen", "--dry-run").text, is: "digestgen-corrupt-dry-run")
    try Golden.expect(mirror.run("digestgen", "--force", path).text, is: "digestgen-blessed")
  }

  @Test("in an index is valid and the same in every run")
  func indexValidSame() throws {
    let mirror = try GoldenMirror()
    mirror.run("digestgen")
    let run = mirror.run("index")
    #expect(run.status == 0)
    try Golden.expect(run.text, is: "index")
    let index = try mirror.content("index.xml")
    try Golden.expect(String(decoding: index, as: UTF8.self), is: "index.xml")
    mirror.run("index")
    #expect(try mirror.content("index.xml") == index)
    let standard = mirror.run("index", "--output", "-")
    #expect(standard.output == index)
  }

  @Test("in other formats is valid and the same in every run")
  func otherFormatsValid() throws {
    let mirror = try GoldenMirror()
    mirror.run("digestgen")
    let conf = "\(mirror.workspace.path)/conf"
    try mirror.workspace.shell(
      "printf '[section index]\\nos: Funtoo\\nurls: https://m.example/pub ftp://ftp.example\\n' > conf")
    let arguments = ["index", "--format", "metalink,latest,simplestreams,json", "--config", conf, "--json"]
    let environment = ["MIRRORCTL_MIRROR": "\(mirror.root)"]
    let run = mirror.run(arguments, environment: environment)
    #expect(run.status == 0)
    try Golden.expect(run.text, is: "index-formats")
    let subarch = "1.4-release-std/x86-64bit/generic_64"
    for (file, name) in [
      ("\(subarch)/2026-11-17/stage3-generic_64-1.4-release-std-2026-11-17.tar.xz.meta4", "index-metalink"),
      ("\(subarch)/latest.txt", "index-latest"), ("streams/v1/images.json", "index-images"),
      ("streams/v1/index.json", "index-streams"),
    ] { try Golden.expect(String(decoding: try mirror.content(file), as: UTF8.self), is: name) }
    let tree = try Tree(mirror.root)
    _ = mirror.run(arguments, environment: environment)
    #expect(try Tree(mirror.root).differences(from: tree) == [])
    // A metalink needs an address.
    try Golden.expect(mirror.run("index", "--format", "metalink").text, is: "index-no-address")
  }

  @Test("of compress is one line per tarball, once")
  func aboutCompressionLine() throws {
    let mirror = try GoldenMirror()
    try Golden.expect(mirror.run("compress").text, is: "compress")
    try Golden.expect(mirror.run("compress").text, is: "compress-again")
  }

  @Test("of compress as JSON")
  func aboutCompressionJson() throws {
    try Golden.expect(try GoldenMirror().run("compress", "--json").text, is: "compress-json")
  }

  @Test("of upkeep is one line per step, and nothing if nothing is due")
  func aboutUpkeepLine() throws {
    let mirror = try GoldenMirror()
    let first = mirror.run("upkeep", "--keep", "2")
    #expect(first.status == 0)
    try Golden.expect(first.text, is: "upkeep")
    let tree = try Tree(mirror.root)
    let again = mirror.run("upkeep", "--keep", "2")
    #expect(again.status == 0)
    #expect(again.output == [])
    #expect(again.errors == [])
    #expect(try Tree(mirror.root).differences(from: tree) == [])
  }
}
