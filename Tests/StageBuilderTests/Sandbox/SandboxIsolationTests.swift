import Foundation
import Glibc
import StageBuilder
import SystemPackage
import TestSupport
import Testing

@Suite("A step in its own root", .enabled(if: Host.isRoot, Host.needsRoot)) struct StepRootTests {
  @Test("sees only its own processes, below pid 1")
  func seesOwnProcesses() throws {
    let text = try SandboxRoot().print("ls /proc | grep -c '^[0-9]*$'; cat /proc/1/cmdline; echo; echo $$")
    let lines = text.split(separator: "\n")
    // Pid 1, the shell, ls and grep.
    #expect((Int(lines[0]) ?? 0) <= 4)
    #expect(lines[1].contains("--sandbox-helper"))
    #expect(lines[2] == "2")
  }

  @Test("sees its root and nothing of the host's files")
  func seesRootNothing() throws {
    let root = try SandboxRoot()
    let text = try root.print("ls / ; test -e \(root.directory.path) || echo none; ls /.. | grep -c .")
    #expect(text == "bin\ndev\netc\nproc\ntmp\nnone\n5\n")
  }

  @Test("has the mounts of its plan and no others")
  func mountsPlanNo() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir cache; echo kept > cache/file")
    let source = root.directory.path.appending("cache").string
    let text = try root.print("awk '{print $5}' /proc/self/mountinfo | sort; cat /var/cache/file") {
      $0.mounts = [.init(source: source, target: "/var/cache")]
    }
    let devices = ["full", "null", "pts", "random", "shm", "tty", "urandom", "zero"].map { "/dev/\($0)" }
    let expected = ["/", "/dev", "/proc", "/var/cache"] + devices
    #expect(text == expected.sorted().map { $0 + "\n" }.joined() + "kept\n")
  }

  @Test("has a small /dev that works")
  func smallDevWorks() throws {
    let text = try SandboxRoot().print(
      """
      ls /dev; echo lost > /dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c
      for link in fd stdout ptmx; do readlink /dev/$link; done; test -c /dev/pts/ptmx && echo terminals
      touch /dev/shm/x && stat -c %a /dev/shm; cat < /dev/stdin | wc -c
      """)
    #expect(
      text == """
        fd
        full
        null
        ptmx
        pts
        random
        shm
        stderr
        stdin
        stdout
        tty
        urandom
        zero
        3
        3
        /proc/self/fd
        /proc/self/fd/1
        pts/ptmx
        terminals
        1777
        0

        """)
  }

  @Test("has the host name of its plan, and the host's is unchanged")
  func hostNamePlan() throws {
    let before = try Tool.run("uname", "-n").output
    #expect(try SandboxRoot().print("hostname") == "inside\n")
    #expect(try Tool.run("uname", "-n").output == before)
  }

  @Test("without network has a loopback that is up, and nothing else")
  func withoutNetworkLoopback() throws {
    let text = try SandboxRoot().print("ip -o link | awk '{print $2, $3}'")
    #expect(text == "lo: <LOOPBACK,UP,LOWER_UP>\n")
  }

  @Test("with the host's network sees its interfaces")
  func withHostS() throws {
    let text = try SandboxRoot().print("ls /proc/self/net/dev && cat /proc/self/net/dev | wc -l") {
      $0.network = .host
    }
    let count = try String(contentsOfFile: "/proc/net/dev", encoding: .utf8).split(separator: "\n").count
    #expect(text == "/proc/self/net/dev\n\(count)\n")
  }

  @Test("has shared memory and semaphores separate from the host's")
  func sharedMemorySemaphores() throws {
    let text = try SandboxRoot().print("readlink /proc/self/ns/ipc")
    #expect(text.trimmed != (try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/ipc")))
  }

  @Test("has the environment of its plan and no more")
  func environmentPlanNo() throws {
    let text = try SandboxRoot().print("env | grep -v '^SHLVL=\\|^PWD=' | sort")
    #expect(text == "GREETING=good day\nPATH=/bin\n")
  }

  @Test("has three descriptors")
  func threeDescriptors() throws {
    let root = try SandboxRoot()
    let text = try root.run(root.plan("") { $0.script.text = "#!/bin/ls /proc/self/fd\n" }).text
    // The fourth is the directory that ls reads.
    #expect(text == "/tmp/steps-chroot-run.metro\n\n/proc/self/fd:\n0\n1\n2\n3\n")
  }

  @Test("has nothing to read, umask 022, a session of its own")
  func nothingReadUmask() throws {
    let text = try SandboxRoot().print(
      "readlink /proc/$$/fd/0; umask; awk '{print $1 == $6, $7}' /proc/$$/stat")
    #expect(text == "/dev/null\n0022\n1 0\n")
  }

  @Test("blocks and ignores no signal, and may gain privileges")
  func blocksIgnoresNo() throws {
    let text = try SandboxRoot().print("grep -E '^(SigBlk|SigIgn|NoNewPrivs)' /proc/self/status")
    let values = text.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace)[1] }
    #expect(values.allSatisfy { $0.allSatisfy { $0 == "0" } }, "\(text)")
  }

  @Test("has all capabilities, but over its own namespace only")
  func capabilities() throws {
    let text = try SandboxRoot().print("grep '^Cap[EB]' /proc/self/status; cat /proc/self/uid_map")
    let lines = text.split(separator: "\n")
    #expect(lines[0].split(separator: "\t")[1] == lines[1].split(separator: "\t")[1])
    #expect(lines[2].split(separator: " ") == ["0", "2147483648", "2147483647"])
  }

  @Test(
    "of a 32-bit build sees a 32-bit machine", .enabled(if: TestMachine.is64BitX86, "linux32 is for x86-64"))
  func n32BitBuild() throws {
    #expect(try SandboxRoot().print("uname -m") { $0.personality = .linux32 } == "i686\n")
    #expect(try SandboxRoot().print("uname -m") == "x86_64\n")
  }

  @Test("without system mounts has only /dev/null, and leaves no such file")
  func withoutSystemMounts() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir cache root/dev")
    let source = root.directory.path.appending("cache").string
    let text = try root.print("ls / /dev; echo lost > /dev/null; test -e /proc/self || echo no processes") {
      $0.hasSystemMounts = false
      $0.mounts = [.init(source: source, target: "/var/cache")]
    }
    #expect(text == "/:\nbin\ndev\netc\ntmp\n\n/dev:\nnull\nno processes\n")
    #expect(try Tree(root.path.appending("dev")).nodes.isEmpty)
  }
}

/// The kind of machine that runs the tests.
enum TestMachine {
  static let is64BitX86 = (try? Tool.run("uname", "-m").output) == "x86_64\n"
}

extension String {
  var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
