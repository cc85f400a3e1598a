import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Unwritable standard output") struct OutputFaultTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
  }

  private func run(_ arguments: [String], _ redirection: String) throws -> Outcome {
    try workspace.run(["sh", "-c", "exec \"$@\" \(redirection)", "sh", Program.path.string] + arguments)
  }

  /// Every verb that prints something for this mirror.
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

  @Test("makes the verb fail, but its work is done", arguments: verbs)
  func full(_ verb: [String]) throws {
    let outcome = try run(verb + ["--mirror", workspace.mirror.string], "> /dev/full")
    #expect(outcome.status == 1, "\(outcome.errorText)")
    #expect(
      outcome.errorText.contains("standard output: cannot write: No space left on device"),
      "\(outcome.errorText)")
  }

  @Test(
    "makes verbs without a mirror fail",
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
    try workspace.shell("'\(Program.path)' digestgen -q --mirror mirror")
    try workspace.shell(
      "cd \(tarball); f=$(ls *.tar.xz | head -n 1); touch -r \"$f\" t; printf X | dd of=\"$f\" conv=notrunc 2>/dev/null; touch -r t \"$f\"; rm t"
    )
    let outcome = try run(["verify", "--mirror", workspace.mirror.string], "> /dev/full")
    #expect(outcome.status == 4, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("standard output: cannot write"))
  }

  @Test("whose reader is gone ends the process with SIGPIPE")
  func pipe() throws {
    let outcome = try workspace.run([
      "bash", "-c", "'\(Program.path)' status --mirror '\(workspace.mirror)' | true; echo ${PIPESTATUS[0]}",
    ])
    // A pipe accepts data written before its reader ends.
    #expect(["0\n", "141\n"].contains(outcome.text))
    let ignored = try workspace.run([
      "bash", "-c",
      "mkfifo '\(workspace.path)/p'; exec 3<>'\(workspace.path)/p'; trap '' PIPE; exec 4> '\(workspace.path)/p'; exec 3<&-; '\(Program.path)' status --mirror '\(workspace.mirror)' >&4",
    ])
    #expect(ignored.status == 1, "\(ignored.errorText)")
    #expect(ignored.errorText.contains("standard output: cannot write: Broken pipe"))
  }

  @Test("that is only temporarily full is waited for")
  func nonblocking() throws {
    // A pipe that another program made non-blocking, and that is read slowly.
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
      Program.path.string, "index", "--format", "json", "--output", "-", "--mirror", workspace.mirror.string,
    ]
    let outcome = try workspace.run(["python3", "-c", script] + command)
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(outcome.text == (try workspace.run(command).text))
  }
}

@Suite("A closed standard descriptor") struct ClosedDescriptorTests {
  @Test(
    "is replaced by /dev/null: output never goes into a file of the mirror",
    arguments: [">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
  func closed(_ redirection: String) throws {
    let workspace = try Workspace()
    try FaultMirror.make("mirror", in: workspace)
    let reference = try Workspace()
    try FaultMirror.make("mirror", in: reference)
    _ = try reference.mirrorctl("digestgen")
    let outcome = try workspace.run(
      ["sh", "-c", "exec \"$@\" \(redirection)", "sh"] + workspace.command(["digestgen"]))
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(
      try Tree(workspace.mirror).differences(from: try Tree(reference.mirror)).filter {
        !$0.contains(".mirrorctl.lock")
      }
        == [])
    #expect(try workspace.shell("grep -c digested mirror/.mirrorctl.lock || true").text == "0\n")
  }
}

@Suite("An output file that is not a regular file") struct OutputFileTests {
  private let site: OfferedMirror

  init() throws {
    site = try OfferedMirror()
    try site.workspace.shell("'\(Program.path)' digestgen -q --mirror mirror")
  }

  static let verbs: [[String]] = [
    ["index", "--format", "json"], ["index", "--format", "xml"], ["status", "--json"], ["status"],
  ]

  private func expected(_ verb: [String]) throws -> String {
    try site.workspace.run(site.workspace.command(verb + ["-o", "-"])).text
  }

  @Test("receives the text if it is a pipe, and remains a pipe", arguments: verbs)
  func fifo(_ verb: [String]) throws {
    try site.workspace.shell("mkfifo pipe")
    let path = site.workspace.path.appending("pipe").string
    let reader = try site.workspace.start(["timeout", "60", "cat", path])
    let outcome = try site.workspace.run(site.workspace.command(verb + ["-o", path]))
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let isPipe = try site.workspace.run(["test", "-p", path]).status == 0
    #expect(isPipe)
    // The reader would wait forever for a writer.
    if !isPipe || outcome.status != 0 { kill(reader.pid, SIGTERM) }
    #expect(try reader.wait().text == (try expected(verb)))
  }

  @Test(
    "is standard output if it is /dev/stdout or a file descriptor",
    arguments: ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
  func stdout(_ path: String) throws {
    for verb in Self.verbs {
      for redirection in ["| cat", "> '\(site.workspace.path)/file'; cat '\(site.workspace.path)/file'"] {
        let outcome = try site.workspace.run(
          ["sh", "-c", "\"$@\" \(redirection)", "sh"] + site.workspace.command(verb + ["-o", path]))
        #expect(outcome.text == (try expected(verb)), "\(outcome.errorText)")
      }
    }
    #expect(try site.workspace.run(["test", "-L", "/dev/stdout"]).status == 0)
  }

  @Test("is written to, not replaced, if it is a device", arguments: verbs)
  func device(_ verb: [String]) throws {
    try site.workspace.shell("mknod null c 1 3; mknod full c 1 7")
    let null = try site.workspace.run(site.workspace.command(verb + ["-o", "\(site.workspace.path)/null"]))
    #expect(null.status == 0, "\(null.errorText)")
    #expect(try site.workspace.run(["test", "-c", "\(site.workspace.path)/null"]).status == 0)
    let full = try site.workspace.run(site.workspace.command(verb + ["-o", "\(site.workspace.path)/full"]))
    #expect(full.status == 1)
    #expect(
      full.errorText.contains("\(site.workspace.path)/full: cannot write: No space left"), "\(full.errorText)"
    )
    #expect(try site.workspace.run(["test", "-c", "\(site.workspace.path)/full"]).status == 0)
  }

  @Test("is kept if it is a link to a file, and that file is replaced")
  func link() throws {
    try site.workspace.shell("mkdir real; echo old > real/status.txt; ln -s real/status.txt link")
    let outcome = try site.workspace.run(
      site.workspace.command(["status", "-o", "\(site.workspace.path)/link"]))
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(
      try site.workspace.shell("readlink link; cat real/status.txt").text
        == "real/status.txt\n\(try expected(["status"]))")
    // A link to a file that does not exist yet.
    try site.workspace.shell("ln -s real/new.txt dangling")
    _ = try site.workspace.run(site.workspace.command(["status", "-o", "\(site.workspace.path)/dangling"]))
    #expect(
      try site.workspace.shell("readlink dangling; cat real/new.txt").text
        == "real/new.txt\n\(try expected(["status"]))")
  }

  @Test("is reported if it is a directory")
  func directory() throws {
    let outcome = try site.workspace.run(
      site.workspace.command(["status", "-o", site.workspace.mirror.string]))
    #expect(outcome.status == 1)
    #expect(outcome.errorText.contains("\(site.workspace.mirror): is a directory"), "\(outcome.errorText)")
  }

  @Test("can also receive the public key of keys export")
  func keys() throws {
    let signed = try SignedMirror()
    try signed.workspace.shell("mknod null c 1 3")
    let outcome = try signed.run("keys", "export", "-o", "\(signed.workspace.path)/null")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try signed.workspace.run(["test", "-c", "\(signed.workspace.path)/null"]).status == 0)
    let piped = try signed.workspace.run(
      ["sh", "-c", "\"$@\" | gpg --show-keys --with-colons 2> /dev/null", "sh"]
        + signed.workspace.command(["keys", "export", "-q", "-o", "/dev/stdout"]))
    #expect(piped.text.contains(signed.key), "\(piped.text)\(piped.errorText)")
  }
}
