import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Standard output that cannot be written") struct OutputFaultTests {
  private let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try FaultMirror.make("mirror", in: sandbox)
  }

  private func run(_ arguments: [String], _ redirection: String) throws -> Outcome {
    try sandbox.run(["sh", "-c", "exec \"$@\" \(redirection)", "sh", Program.path.string] + arguments)
  }

  /// Every verb that prints something on this mirror.
  static let verbs: [[String]] = [
    ["status"], ["status", "--json"], ["status", "--format", "prometheus"], ["status", "--history"],
    ["status", "--output", "-"], ["nextbuild"], ["nextbuild", "--json"], ["empties", "--json"], ["zap"],
    ["clean"], ["clean", "--apply", "--keep", "1"], ["clean", "--apply", "--dry-run", "--keep", "1"],
    ["compress"], ["compress", "--dry-run"], ["digestgen"], ["digestgen", "--dry-run"],
    ["digestgen", "--json"],
    ["index"], ["index", "--json"], ["index", "--output", "-"], ["upkeep"], ["upkeep", "--json"],
    ["receive", "--json"],
    ["init", "std", "x86-64bit", "new", "--remote", "1.4-release-std/x86-64bit/generic_64"],
  ]

  @Test("is a failure of the verb, whose work is done nevertheless", arguments: verbs)
  func full(_ verb: [String]) throws {
    let outcome = try run(verb + ["--mirror", sandbox.mirror.string], "> /dev/full")
    #expect(outcome.status == 1, "\(outcome.errorText)")
    #expect(
      outcome.errorText.contains("standard output: cannot write: No space left on device"),
      "\(outcome.errorText)")
  }

  @Test(
    "is a failure of what needs no mirror",
    arguments: [
      ["--help"], ["--version"], ["help", "status"], ["config", "example"], ["config", "check"],
      ["config", "--help"], ["doctor"], ["--generate-completion-script", "bash"],
    ])
  func fullWithoutMirror(_ verb: [String]) throws {
    let outcome = try run(verb, "> /dev/full")
    #expect(outcome.status == 1, "\(outcome.errorText)")
    #expect(
      outcome.errorText.contains("standard output: cannot write: No space left on device"),
      "\(outcome.errorText)")
  }

  @Test("does not hide corruption")
  func corrupt() throws {
    let tarball = "mirror/\(FaultMirror.survivors[0])"
    try sandbox.shell("'\(Program.path)' digestgen -q --mirror mirror")
    try sandbox.shell(
      "cd \(tarball); f=$(ls *.tar.xz | head -n 1); touch -r \"$f\" t; printf X | dd of=\"$f\" conv=notrunc 2>/dev/null; touch -r t \"$f\"; rm t"
    )
    let outcome = try run(["verify", "--mirror", sandbox.mirror.string], "> /dev/full")
    #expect(outcome.status == 4, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("standard output: cannot write"))
  }

  @Test("because its reader went away ends the process by SIGPIPE")
  func pipe() throws {
    let outcome = try sandbox.run([
      "bash", "-c", "'\(Program.path)' status --mirror '\(sandbox.mirror)' | true; echo ${PIPESTATUS[0]}",
    ])
    // A pipe takes what is written before its reader ends.
    #expect(["0\n", "141\n"].contains(outcome.text))
    let ignored = try sandbox.run([
      "bash", "-c",
      "mkfifo '\(sandbox.path)/p'; exec 3<>'\(sandbox.path)/p'; trap '' PIPE; exec 4> '\(sandbox.path)/p'; exec 3<&-; '\(Program.path)' status --mirror '\(sandbox.mirror)' >&4",
    ])
    #expect(ignored.status == 1, "\(ignored.errorText)")
    #expect(ignored.errorText.contains("standard output: cannot write: Broken pipe"))
  }

  @Test("at once is waited for")
  func nonblocking() throws {
    // A pipe that another program made non-blocking, and that is emptied slowly.
    let script = """
      import fcntl, os, subprocess, sys, time
      r, w = os.pipe()
      fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096); os.set_blocking(w, False)
      p = subprocess.Popen(sys.argv[1:], stdout=w); os.close(w)
      got = b''
      while True:
          time.sleep(0.01); b = os.read(r, 4096)
          if not b: break
          got += b
      sys.stdout.buffer.write(got); sys.exit(p.wait())
      """
    let command = [
      Program.path.string, "index", "--format", "json", "--output", "-", "--mirror", sandbox.mirror.string,
    ]
    let outcome = try sandbox.run(["python3", "-c", script] + command)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.text == (try sandbox.run(command).text))
  }
}

@Suite("A standard descriptor that is closed") struct ClosedDescriptorTests {
  @Test(
    "is /dev/null: nothing that is printed gets into a file",
    arguments: [">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
  func closed(_ redirection: String) throws {
    let sandbox = try Sandbox()
    try FaultMirror.make("mirror", in: sandbox)
    let reference = try Sandbox()
    try FaultMirror.make("mirror", in: reference)
    _ = try reference.mirrorctl("digestgen")
    let outcome = try sandbox.run(
      ["sh", "-c", "exec \"$@\" \(redirection)", "sh"] + sandbox.command(["digestgen"]))
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(
      try Tree(sandbox.mirror).differences(from: try Tree(reference.mirror)).filter {
        !$0.contains(".mirrorctl.lock")
      }
        == [])
    #expect(try sandbox.shell("grep -c digested mirror/.mirrorctl.lock || true").text == "0\n")
  }
}

@Suite("An output file that is no regular file") struct OutputFileTests {
  private let site: OfferedMirror

  init() throws {
    site = try OfferedMirror()
    try site.sandbox.shell("'\(Program.path)' digestgen -q --mirror mirror")
  }

  static let verbs: [[String]] = [
    ["index", "--format", "json"], ["index", "--format", "xml"], ["status", "--json"], ["status"],
  ]

  private func expected(_ verb: [String]) throws -> String {
    try site.sandbox.run(site.sandbox.command(verb + ["-o", "-"])).text
  }

  @Test("and is a pipe gets the text and stays a pipe", arguments: verbs)
  func fifo(_ verb: [String]) throws {
    try site.sandbox.shell("mkfifo pipe")
    let path = site.sandbox.path.appending("pipe").string
    let reader = try site.sandbox.start(["timeout", "60", "cat", path])
    let outcome = try site.sandbox.run(site.sandbox.command(verb + ["-o", path]))
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let isPipe = try site.sandbox.run(["test", "-p", path]).status == 0
    #expect(isPipe)
    // Nobody would ever open it for writing.
    if !isPipe || outcome.status != 0 { kill(reader.pid, SIGTERM) }
    #expect(try reader.wait().text == (try expected(verb)))
  }

  @Test(
    "and is /dev/stdout or a file descriptor is standard output",
    arguments: ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
  func stdout(_ path: String) throws {
    for verb in Self.verbs {
      for redirection in ["| cat", "> '\(site.sandbox.path)/file'; cat '\(site.sandbox.path)/file'"] {
        let outcome = try site.sandbox.run(
          ["sh", "-c", "\"$@\" \(redirection)", "sh"] + site.sandbox.command(verb + ["-o", path]))
        #expect(outcome.text == (try expected(verb)), "\(outcome.errorText)")
      }
    }
    #expect(try site.sandbox.run(["test", "-L", "/dev/stdout"]).status == 0)
  }

  @Test("and is a device is written to, not replaced", arguments: verbs)
  func device(_ verb: [String]) throws {
    try site.sandbox.shell("mknod null c 1 3; mknod full c 1 7")
    let null = try site.sandbox.run(site.sandbox.command(verb + ["-o", "\(site.sandbox.path)/null"]))
    #expect(null.status == 0, "\(null.errorText)")
    #expect(try site.sandbox.run(["test", "-c", "\(site.sandbox.path)/null"]).status == 0)
    let full = try site.sandbox.run(site.sandbox.command(verb + ["-o", "\(site.sandbox.path)/full"]))
    #expect(full.status == 1)
    #expect(
      full.errorText.contains("\(site.sandbox.path)/full: cannot write: No space left"), "\(full.errorText)")
    #expect(try site.sandbox.run(["test", "-c", "\(site.sandbox.path)/full"]).status == 0)
  }

  @Test("and is a link to a file replaces that file, and the link stays")
  func link() throws {
    try site.sandbox.shell("mkdir real; echo old > real/status.txt; ln -s real/status.txt link")
    let outcome = try site.sandbox.run(site.sandbox.command(["status", "-o", "\(site.sandbox.path)/link"]))
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(
      try site.sandbox.shell("readlink link; cat real/status.txt").text
        == "real/status.txt\n\(try expected(["status"]))")
    // A link to what is not there yet.
    try site.sandbox.shell("ln -s real/new.txt dangling")
    _ = try site.sandbox.run(site.sandbox.command(["status", "-o", "\(site.sandbox.path)/dangling"]))
    #expect(
      try site.sandbox.shell("readlink dangling; cat real/new.txt").text
        == "real/new.txt\n\(try expected(["status"]))")
  }

  @Test("and is a directory is an error that names it")
  func directory() throws {
    let outcome = try site.sandbox.run(site.sandbox.command(["status", "-o", site.sandbox.mirror.string]))
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("\(site.sandbox.mirror): is a directory"), "\(outcome.errorText)")
  }

  @Test("takes the public key of keys export too")
  func keys() throws {
    let signed = try SignedMirror()
    try signed.sandbox.shell("mknod null c 1 3")
    let outcome = try signed.run("keys", "export", "-o", "\(signed.sandbox.path)/null")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try signed.sandbox.run(["test", "-c", "\(signed.sandbox.path)/null"]).status == 0)
    let piped = try signed.sandbox.run(
      ["sh", "-c", "\"$@\" | gpg --show-keys --with-colons 2> /dev/null", "sh"]
        + signed.sandbox.command(["keys", "export", "-q", "-o", "/dev/stdout"]))
    #expect(piped.text.contains(signed.key), "\(piped.text)\(piped.errorText)")
  }
}
