import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A fault that prevents gpg from signing, and the expected message.
struct SigningFaultCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  var key = SignedMirror.Key.good
  var settings: [String] = []
  /// A script that replaces `gpg` in `PATH`.
  var program: String?
  /// The complete `PATH`, if not the usual one.
  var path: String?
  /// Shell commands in the workspace.
  var preparation = ":"
  /// The beginning of the message, after `mirrorctl: `.
  let message: String
  /// Text that the message must also contain.
  var remedy = ""

  static let all = [
    SigningFaultCase(
      testDescription: "there is no gpg", path: "/nonexistent", message: "gpg: not found",
      remedy: "install GnuPG"),
    SigningFaultCase(
      testDescription: "there is no gpgv", path: "bin", preparation: "mkdir bin; ln -s /usr/bin/gpg bin/gpg",
      message: "gpgv: not found", remedy: "install gpgv"),
    SigningFaultCase(
      testDescription: "the key is not in the keyring",
      preparation: "sed -i 's/^key: .*/key: \(unknown)/' .metro",
      message: "signing/key: ", remedy: "has no key \(unknown)"),
    SigningFaultCase(
      testDescription: "there is no home directory",
      preparation: "sed -i 's|^homedir: .*|homedir: /nonexistent|' .metro",
      message: "signing/key: /nonexistent has no key", remedy: "signing/homedir"),
    SigningFaultCase(
      testDescription: "the key has expired", key: .expired, message: "signing/key: ",
      remedy: "has expired: extend it"),
    SigningFaultCase(
      testDescription: "the key was revoked", key: .revoked, message: "signing/key: ", remedy: "is revoked"),
    SigningFaultCase(
      testDescription: "the secret key is elsewhere", key: .noSecret, message: "signing/key: ",
      remedy: "has no secret key"),
    SigningFaultCase(
      testDescription: "the key is locked, and nobody can be asked", key: .locked, message: "signing/key: ",
      remedy: "is locked by a passphrase"),
    SigningFaultCase(
      testDescription: "the file holds another passphrase", key: .locked,
      settings: ["passphrase-file: $[path/config]/passphrase"],
      preparation: "echo wrong > passphrase; chmod 600 passphrase", message: "signing/passphrase-file: ",
      remedy: "wrong passphrase"),
    SigningFaultCase(
      testDescription: "the passphrase file is empty", key: .locked,
      settings: ["passphrase-file: $[path/config]/passphrase"],
      preparation: ": > passphrase; chmod 600 passphrase", message: "signing/passphrase-file: ",
      remedy: "to its first line"),
    SigningFaultCase(
      testDescription: "others may read the passphrase", key: .locked,
      settings: ["passphrase-file: $[path/config]/passphrase"],
      preparation: "echo secret > passphrase; chmod 640 passphrase",
      message: "signing/passphrase-file: ", remedy: "is readable by others: chmod 600"),
    SigningFaultCase(
      testDescription: "gpg prints nothing and succeeds", program: sign("exit 0"),
      message: "gpg: succeeded without making a signature"),
    SigningFaultCase(
      testDescription: "gpg reports a signature and writes another text",
      program: sign("echo '[GNUPG:] SIG_CREATED D 22 10 00 1 \(unknown)' >&2; echo hello"),
      message: "MIRROR/", remedy: "is not a signature that gpgv can read"),
    SigningFaultCase(
      testDescription: "gpg signs with another key",
      program: sign(
        "gpg=/usr/bin/gpg; exec $gpg --batch --homedir ${0%/bin/gpg}/h --status-fd 2 -o - --detach-sign \"$file\""
      ),
      message: "MIRROR/", remedy: "was made by another key"),
    SigningFaultCase(
      testDescription: "gpg signs something else",
      program: sign(
        "for one; do :; done; set -- \"$@\" /etc/passwd; exec /usr/bin/gpg $(echo \"$@\" | sed 's|/proc/[^ ]*||')"
      ),
      message: "MIRROR/", remedy: "does not match the file"),
    SigningFaultCase(
      testDescription: "gpg fails for its own reasons",
      program: sign("echo 'gpg: no more entropy' >&2; exit 2"),
      message: "gpg: cannot sign with", remedy: "no more entropy"),
    SigningFaultCase(
      testDescription: "gpg crashes", program: sign("kill -SEGV $$"), message: "gpg: was killed by signal"),
  ]

  static let unknown = "0123456789ABCDEF0123456789ABCDEF01234567"

  /// A gpg that works normally, but runs this script to sign.
  private static func sign(_ script: String) -> String {
    """
    for file; do :; done
    case "$*" in *--detach-sign*) \(script);; *) exec /usr/bin/gpg "$@";; esac
    """
  }
}

@Suite("digestgen if signing fails") struct SigningFaultTests {
  @Test(
    "reports the reason once, installs no signature, and still makes the digests",
    arguments: SigningFaultCase.all)
  func fault(_ fault: SigningFaultCase) throws {
    let mirror = try SignedMirror(fault.key)
    try mirror.configure(fault.settings)
    try mirror.workspace.shell(fault.preparation)
    var path = fault.path.map { $0.hasPrefix("/") ? "PATH=\($0)" : "PATH=\(mirror.workspace.path)/\($0)" }
    if let program = fault.program {
      if program.contains("/h ") { _ = try mirror.makeOther() }
      path = try mirror.program("gpg", program)
    }
    let run = try mirror.run("digestgen", environment: path.map { [$0] } ?? [])
    #expect(run.status == 3, "\(run.errorText)")
    let lines = run.errorText.split(separator: "\n")
    #expect(lines.count == 1, "\(run.errorText)")
    let message = fault.message.replacing("MIRROR", with: mirror.workspace.mirror.string)
    #expect(run.errorText.hasPrefix("mirrorctl: \(message)"), "\(run.errorText)")
    if !fault.remedy.isEmpty { #expect(run.errorText.contains(fault.remedy), "\(run.errorText)") }
    #expect(try mirror.signatures() == [])
    for tarball in SignedMirror.tarballs { #expect(mirror.exists("\(tarball).hash.txt")) }
    #expect(try mirror.workspace.shell("find mirror -name '.mirrorctl-*.tmp'").text == "")
  }

  @Test("removes the old signature of a changed tarball")
  func staleGoes() throws {
    let mirror = try SignedMirror()
    try #require(try mirror.run("digestgen").status == 0)
    try mirror.workspace.shell("echo other | xz > mirror/\(SignedMirror.stage3)")
    let run = try mirror.run("digestgen", environment: ["PATH=/nonexistent"])
    #expect(run.status == 3)
    #expect(run.text.contains("removed \(mirror.workspace.mirror)/\(SignedMirror.stage3).gpg\n"))
    #expect(try mirror.signatures() == [SignedMirror.snapshot, SignedMirror.stage1].map { "\($0).gpg" })
    #expect(try mirror.run("digestgen").status == 0)
    #expect(try mirror.isSigned(SignedMirror.stage3))
    #expect(try mirror.isSigned(SignedMirror.link))
  }

  @Test("is not affected if the passphrase is read from a file")
  func passphraseFile() throws {
    let mirror = try SignedMirror(.locked)
    try mirror.configure(["passphrase-file: $[path/config]/passphrase"])
    try mirror.workspace.shell("echo secret > passphrase; chmod 600 passphrase")
    let run = try mirror.run("digestgen")
    #expect(run.status == 0, "\(run.errorText)")
    #expect(try mirror.isSigned(SignedMirror.stage3))
  }

  @Test("does not report a key that cannot sign if there is nothing to sign")
  func nothingToSign() throws {
    let mirror = try SignedMirror()
    try #require(try mirror.run("digestgen").status == 0)
    let run = try mirror.run("digestgen", environment: ["PATH=/nonexistent"])
    #expect(run.status == 0 && run.errors == [])
  }

  @Test("reports a tarball that changes meanwhile, and signs the others")
  func changesMeanwhile() throws {
    let mirror = try SignedMirror()
    let stage3 = "\(mirror.workspace.mirror)/\(SignedMirror.stage3)"
    let path = try mirror.program(
      "gpg",
      """
      for file; do :; done
      case "$*" in *--detach-sign*) [ "$(readlink "$file")" != '\(stage3)' ] || echo more | xz >> '\(stage3)';; esac
      exec /usr/bin/gpg "$@"
      """)
    let run = try mirror.run("digestgen", "--jobs", "1", environment: [path])
    #expect(run.status == 3)
    #expect(run.errorText.hasPrefix("mirrorctl: \(stage3): changed during signing"), "\(run.errorText)")
    #expect(
      try mirror.signatures() == [SignedMirror.snapshot, SignedMirror.stage1].map { "\($0).gpg" })
  }

  @Test("is interrupted at once by SIGTERM, with gpg, and the next run continues")
  func interrupted() throws {
    let mirror = try SignedMirror()
    let path = try mirror.program(
      "gpg",
      """
      case "$*" in
        *--detach-sign*) echo $$ > '\(mirror.workspace.path)/pid'; touch '\(mirror.workspace.path)/begun'; sleep 300 ;;
      esac
      exec /usr/bin/gpg "$@"
      """)
    let run = try mirror.workspace.start(
      Program.limited + ["env", path] + mirror.workspace.command(["digestgen", "--jobs", "1"]))
    for _ in 0..<3000 where !FileManager.default.fileExists(atPath: "\(mirror.workspace.path)/begun") {
      usleep(10_000)
    }
    let lock = try String(contentsOfFile: "\(mirror.workspace.mirror)/.mirrorctl.lock", encoding: .utf8)
    let pid = try #require(lock.split(separator: " ").first.flatMap { Int32($0) })
    #expect(kill(pid, SIGTERM) == 0)
    let outcome = try run.wait()
    #expect(outcome.status == 143)
    #expect(outcome.errorText.split(separator: "\n").count == 1, "\(outcome.errorText)")
    let gpg = try #require(Int32(try mirror.workspace.shell("cat pid").text.dropLast()))
    #expect(kill(gpg, 0) != 0)
    #expect(try mirror.signatures() == [])
    #expect(try mirror.run("digestgen").status == 0)
    #expect(try mirror.signatures().count == 4)
  }

  @Test(
    "because it is killed at any call, leaves no partial signature and none of another file",
    .enabled(if: Tracing.works, "strace cannot trace here"),
    arguments: ["fsync", "renameat", "unlinkat", "symlinkat"])
  func killed(call: String) throws {
    let mirror = try SignedMirror(.good, "what: tarballs digests", "formats: asc")
    let verb = mirror.workspace.command(["digestgen", "--jobs", "1", "--format", "hash.txt,sums"])
    try #require(try mirror.workspace.run(verb).status == 0)
    try mirror.workspace.shell(
      "echo other | xz > mirror/\(SignedMirror.stage3); rm mirror/\(SignedMirror.stage1).asc mirror/\(SignedMirror.link).asc"
    )
    try mirror.workspace.shell("cp -a mirror start; cp -a state start-state")
    // Start the agent first: strace would wait for one started by the traced run.
    try mirror.workspace.shell("gpgconf --homedir \(mirror.workspace.path)/g --launch gpg-agent")
    var number = 1
    while number < 60 {
      try mirror.workspace.shell("rm -rf mirror state; cp -a start mirror; cp -a start-state state")
      let run = try mirror.workspace.run(
        Tracing.arguments(trace: [call], inject: "\(call):signal=KILL:when=\(number)") + verb)
      if run.status == 0 { break }
      #expect(run.status == 137)
      for signature in try mirror.signatures() {
        let file = String(signature.dropLast(4))
        // An old signature may be beside the new tarball only while its digests are the old ones.
        let isDigested =
          try mirror.workspace.run([
            "sh", "-c",
            "cd \(mirror.workspace.mirror); test \"$(sha256sum < '\(file)' | cut -c1-64)\" = "
              + "\"$(cut -c8-71 '\(file).hash.txt')\"",
          ]).status == 0
        if file.hasSuffix(".tar.xz"), !isDigested, mirror.exists("\(file).hash.txt") { continue }
        let isSigned = try mirror.isSigned(file, ".asc")
        #expect(isSigned, "\(file) after \(call) \(number)")
      }
      let again = try mirror.workspace.run(verb)
      #expect(again.status == 0, "\(again.errorText)")
      let left = try mirror.signatures()
      #expect(left.count == 9, "\(left) after \(call) \(number)")
      number += call == "fsync" ? 3 : 1
    }
    #expect(number > 1, "nothing was tested")
  }
}
