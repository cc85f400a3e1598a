import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Characters that a terminal may interpret: all but printable characters and newlines.
private func unprintable(_ bytes: [UInt8]) -> String? {
  guard let text = String(validating: bytes, as: UTF8.self) else { return "bytes that are no UTF-8" }
  let odd = text.unicodeScalars.first { scalar in
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse: scalar != "\n"
    default: false
    }
  }
  return odd.map { String(format: "U+%04X in %@", $0.value, text.debugDescription) }
}

@Suite("Hostile names and links")
struct HostileNameTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  /// A verb, and whether its output is for people.
  struct Call: CustomTestStringConvertible, Sendable {
    let arguments: [String]
    var isForPeople = true
    var testDescription: String { arguments.joined(separator: " ") }
  }

  // In an order that gives each of them work to do.
  private static let calls = [
    Call(arguments: ["status"]), Call(arguments: ["empties"]),
    Call(arguments: ["nextbuild"], isForPeople: false),
    Call(arguments: ["verify"]), Call(arguments: ["digestgen", "--dry-run"]),
    Call(arguments: ["compress", "--dry-run"]), Call(arguments: ["zap", "--dry-run"]),
    Call(arguments: ["clean"], isForPeople: false), Call(arguments: ["clean", "--apply", "--dry-run"]),
    Call(arguments: ["index", "--output", "-"], isForPeople: false), Call(arguments: ["index"]),
    Call(arguments: ["compress"]), Call(arguments: ["digestgen"]),
    Call(arguments: [
      "digestgen", "--algorithm", "sha256,sha512", "--format", "hash.txt,sums,bsd,digests,manifest",
    ]), Call(arguments: ["index", "--format", "metalink,latest,simplestreams,json,html"]),
    Call(arguments: ["verify"]), Call(arguments: ["zap"]),
    Call(arguments: ["digestgen", "--force"]),
    Call(arguments: ["clean", "--apply", "--keep", "1", "--max-remove", "1000"]),
    Call(arguments: ["upkeep", "--keep", "1", "--max-remove", "1000"]),
  ]

  @Test("lead no verb out of the mirror, and send no control characters to a terminal")
  func verbs() throws {
    try HostileMirror.makeNames(in: workspace)
    try HostileMirror.makeFiles(in: workspace)
    try HostileMirror.makeLinks(in: workspace)
    try workspace.shell("printf '[section index]\\nurls: https://mirror.example/m\\n' > .metro")
    let outside = try Tree(workspace.path.appending("outside"))
    #expect(outside.nodes["2015-01-01/stage3-precious.tar.xz"] != nil)
    for call in Self.calls {
      let outcome = try workspace.run(workspace.command(call.arguments))
      #expect([0, 3].contains(outcome.status), "\(call): \(outcome.status) \(outcome.errorText)")
      if call.isForPeople { #expect(unprintable(outcome.output) == nil, "\(call)") }
      #expect(unprintable(outcome.errors) == nil, "\(call)")
      let differences = try Tree(workspace.path.appending("outside")).differences(from: outside)
      #expect(differences == [], "\(call)")
    }
    #expect(try workspace.run(["find", workspace.path.string, "-name", "pwned"]).text == "")
    #expect(access("pwned", F_OK) != 0)
    #expect(try workspace.run(["xmllint", "--noout", "\(workspace.mirror)/index.xml"]).status == 0)
    #expect(MirrorInvariants.leftovers(in: try Tree(workspace.mirror)) == [])
    // Every digest must match sha256sum's.
    try expectDigests()
  }

  @Test(
    "are valid JSON with --json",
    arguments: [
      ["status"], ["empties"], ["nextbuild"], ["verify"], ["digestgen", "--dry-run"],
      ["compress", "--dry-run"],
      ["zap", "--dry-run"], ["clean"], ["upkeep", "--keep", "1"],
    ])
  func json(_ verb: [String]) throws {
    try HostileMirror.makeFiles(in: workspace)
    try HostileMirror.makeLinks(in: workspace)
    let outcome = try workspace.run(workspace.command(verb + ["--json"]))
    #expect([0, 3].contains(outcome.status), "\(outcome.errorText)")
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(outcome.output)) }
    #expect(unprintable(outcome.output) == nil)
  }

  @Test("--json contains the exact names")
  func exactNames() throws {
    let names = ["rtl\u{202e}gnp", "c1\u{9b}m\u{7f}", "plane\u{e0001}"]
    for name in names {
      try workspace.shell("mkdir -p 'mirror/std/x86/\(name)/.control'")
    }
    let outcome = try workspace.mirrorctl("status", "--json")
    #expect(unprintable(outcome.output) == nil)
    let found = try JSONSerialization.jsonObject(with: Data(outcome.output))
    for name in names { #expect(contains(name, in: found), "\(name.debugDescription)") }
  }

  /// Whether a decoded JSON value contains this text.
  private func contains(_ text: String, in value: Any) -> Bool {
    switch value {
    case let string as String: string == text
    case let list as [Any]: list.contains { contains(text, in: $0) }
    case let object as [String: Any]: object.values.contains { contains(text, in: $0) }
    default: false
    }
  }

  @Test(
    "digest files contain no control characters, satisfy coreutils, and names that they cannot list are reported"
  )
  func digestFiles() throws {
    try HostileMirror.makeFiles(in: workspace)
    let outcome = try workspace.mirrorctl("digestgen", "--format", "hash.txt,sums,bsd,digests,manifest")
    #expect(outcome.status == 3)
    for name in [#"esc\x1b[31m"#, #"del\x7fc1\xc2\x9bm"#, #"rtl\xe2\x80\xaegnp"#] {
      #expect(
        outcome.errorText.split(separator: "\n").contains {
          $0.contains(name) && $0.contains("has unprintable characters in its name")
        }, "\(name) is not in \(outcome.errorText)")
    }
    let files = try Tree(workspace.mirror).nodes.filter { path, _ in
      ["SHA256SUMS", "CHECKSUMS", "Manifest"].contains { path.hasSuffix("/\($0)") }
        || path.hasSuffix(".DIGESTS")
    }
    #expect(files.count > HostileMirror.names.count)
    for case (let path, .file(let content)) in files {
      // Names that are not UTF-8 are listed as they are, as by coreutils.
      let text = String(decoding: content, as: UTF8.self).replacing("\t", with: " ")
      #expect(unprintable(Array(text.utf8)) == nil, "\(path)")
    }
    try workspace.shell(
      """
      for day in 2016-01-01 2016-01-02; do
        cd "$(dirname mirror/std/x86/gen/$day/x)"
        sha256sum --check --quiet --strict SHA256SUMS; sha256sum --check --quiet --strict CHECKSUMS
        cd - > /dev/null
      done
      """)
  }

  @Test(
    "are quoted correctly in clean's script, which removes only the intended paths",
    arguments: ["sh", "bash"])
  func script(_ shell: String) throws {
    try #require(Tool.exists(shell))
    try HostileMirror.makeNames(in: workspace)
    // Files that an unquoted `..`, glob or command would change.
    try workspace.shell("mkdir victim; : > victim/file")
    var expected = try Tree(workspace.path)
    let count = expected.nodes.count
    expected.nodes = expected.nodes.filter { path, _ in
      !path.split(separator: "/").contains { $0 == "2016-01-01" || $0 == "2016-02-01" }
    }
    try #require(count > expected.nodes.count + HostileMirror.names.count * 6)
    let script = try workspace.mirrorctl("clean", "--keep", "1")
    try #require(script.status == 0, "\(script.errorText)")
    let checked = try workspace.run([shell, "-n"], input: script.output)
    #expect(checked.status == 0, "\(checked.errorText)")
    let run = try workspace.run(["env", "--chdir=\(workspace.path)", shell], input: script.output)
    #expect(run.status == 0, "\(run.errorText)")
    #expect(run.errorText == "")
    let differences = try Tree(workspace.path).differences(from: expected)
    #expect(differences == [])
  }

  @Test("are quoted correctly by nextbuild, for eval", arguments: HostileMirror.names)
  func evaluation(_ name: String) throws {
    try workspace.shell(
      """
      format='\(name.replacing("'", with: #"'\''"#))'
      name=$(printf "x$format"); name=${name#x}
      mkdir -p "mirror/std/x86/$name/.control"; printf %s "$name" > name
      """)
    let next = try workspace.mirrorctl("nextbuild")
    #expect(next.status == 0, "\(next.errorText)")
    try workspace.shell("mkdir empty")
    let evaluated = try workspace.run(
      ["env", "--chdir=\(workspace.path)/empty", "sh", "-euc", "eval \"$(cat)\"; printf %s \"$subarch\""],
      input: next.output)
    #expect(evaluated.status == 0, "\(evaluated.errorText)")
    #expect(evaluated.output == Array(try Data(contentsOf: URL(filePath: "\(workspace.path)/name"))))
    #expect(try Tree(workspace.path.appending("empty")).nodes.isEmpty)
  }

  @Test(
    "cannot redirect index.xml or the lock out of the mirror", arguments: ["index.xml", ".mirrorctl.lock"])
  func ownFiles(_ name: String) throws {
    try FaultMirror.make("mirror", in: workspace)
    try workspace.shell("printf secret > outside; ln -s ../outside mirror/\(name)")
    let outcome = try workspace.mirrorctl("index")
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("\(workspace.mirror)/\(name)"), "\(outcome.errorText)")
    #expect(try workspace.shell("cat outside").text == "secret")
    #expect(try Tree(workspace.mirror).nodes[name] == .link("../outside"))
  }

  private func expectDigests() throws {
    let check = try workspace.shell(
      """
      find mirror -type f -name '*.tar.xz.hash.txt' ! -links +1 -exec sh -c '
        for sidecar; do
          [ -f "${sidecar%.hash.txt}" ] || exit 1
          [ "sha256 $(sha256sum < "${sidecar%.hash.txt}" | cut -c1-64)" = "$(cat "$sidecar")" ] || exit 1
          echo checked
        done' sh {} +
      """)
    #expect(check.text.split(separator: "\n").count > HostileMirror.names.count)
  }
}

@Suite(
  "A directory that an ordinary user cannot read",
  .enabled(
    if: PlainUser.works, "only root can become a plain user, who must be able to run the built program"))
struct UnreadableTests {
  @Test("is reported, and the rest is done", arguments: [["status"], ["verify"], ["index"], ["digestgen"]])
  func unreadable(_ verb: [String]) throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    let secret = "mirror/1.4-release-std/x86-64bit/intel64-haswell"
    try workspace.shell(
      "mkdir state; chown -R 65534:65534 mirror state; chown 0:0 \(secret); chmod 0700 \(secret)")
    let outcome = try workspace.run(PlainUser.command + workspace.command(verb))
    #expect(outcome.status == 3, "\(outcome.errorText)")
    let lines = outcome.errorText.split(separator: "\n").filter {
      $0.contains("\(workspace.path)/\(secret): ")
    }
    #expect(!lines.isEmpty && lines.allSatisfy { $0.contains("Permission denied") }, "\(outcome.errorText)")
  }

  @Test("is not cleaned")
  func clean() throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    let secret = "mirror/1.4-release-std/x86-64bit/intel64-haswell/2016-11-14"
    try workspace.shell(
      "mkdir state; chown -R 65534:65534 mirror state; chown 0:0 \(secret); chmod 0700 \(secret)")
    let outcome = try workspace.run(
      PlainUser.command + workspace.command(["clean", "--apply", "--keep", "1"]))
    #expect(outcome.status == 3, "\(outcome.errorText)")
    let left = try Tree(workspace.mirror)
    #expect(left.nodes["1.4-release-std/x86-64bit/generic_64/2016-11-03"] == nil)
    #expect(left.nodes["1.4-release-std/x86-64bit/intel64-haswell/2016-11-05"] == .directory)
  }
}

/// An unprivileged user.
private enum PlainUser {
  static let command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

  static let works: Bool = {
    guard geteuid() == 0, let workspace = try? Workspace() else { return false }
    return (try? workspace.run(command + [Program.path.string, "--version"]).status) == 0
  }()
}
