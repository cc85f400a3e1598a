import LinuxSystem
import Foundation
import Glibc
import StageBuilder
import SystemPackage
import TestSupport
import Testing

@Suite("The end of a step", .enabled(if: Host.isRoot, Host.needsRoot)) struct EndStepTests {
  @Test("is its exit status", arguments: [0, 1, 3, 127, 130, 143, 255])
  func exitStatus(status: Int32) throws {
    let root = try SandboxRoot()
    #expect(try root.run(root.plan("exit \(status)")).end == .exited(status))
  }

  @Test(
    "is the signal that ended it, distinct from any exit status",
    arguments: [SIGTERM, SIGKILL, SIGSEGV, SIGHUP])
  func signalEndedApart(signal: Int32) throws {
    let root = try SandboxRoot()
    #expect(try root.run(root.plan("kill -\(signal) $$; sleep 60")).end == .signalled(signal))
  }

  @Test("is reported although its children are still running, and ends them")
  func toldThoughChildren() throws {
    let root = try SandboxRoot()
    let mark = "31\(getpid())7"
    let (end, text) = try root.run(
      root.plan(
        "sleep \(mark) & setsid sleep \(mark) & (setsid sh -c 'sleep \(mark) & exit' &); echo done; exit 4")
    )
    #expect(end == .exited(4))
    #expect(text == "done\n")
    #expect(Host.processes(mark) == [])
  }

  @Test("includes orphans, which pid 1 reaps")
  func comesOrphansOthers() throws {
    let text = try SandboxRoot().print(
      "for i in 1 2 3; do (sh -c 'true & exit' &); done; sleep 0.3; grep -l '^State:.Z' /proc/*/status | wc -l"
    )
    #expect(text == "0\n")
  }

  @Test("cannot be caused by killing pid 1 from inside")
  func cannotBePid() throws {
    let root = try SandboxRoot()
    #expect(try root.run(root.plan("kill -KILL 1; kill -TERM -1; kill -KILL 0; exit 9")).end != .exited(0))
    #expect(try root.run(root.plan("kill -KILL 1; exit 9")).end == .exited(9))
  }
}

@Suite("The script of a step", .enabled(if: Host.isRoot, Host.needsRoot)) struct ScriptStepTests {
  @Test("runs with the interpreter that it names")
  func runInterpreterNames() throws {
    let root = try SandboxRoot()
    let plan = root.plan("") { $0.script.text = "#!/bin/awk -f\nBEGIN { print 6 * 7 }\n" }
    #expect(try root.run(plan).text == "42\n")
  }

  @Test("runs with sh if it names none")
  func runShIf() throws {
    let root = try SandboxRoot()
    #expect(
      try root.run(root.plan("") { $0.script.text = "echo $0 $#\n" }).text
        == "/tmp/steps-chroot-run.metro 0\n")
  }

  @Test("is executable in /tmp during the step, and removed afterwards")
  func liesTmpMeanwhile() throws {
    let root = try SandboxRoot()
    try root.directory.shell("rmdir root/tmp")
    #expect(try root.print("stat -c '%a %n' $0 /tmp") == "755 /tmp/steps-chroot-run.metro\n1777 /tmp\n")
    #expect(try Tree(root.path.appending("tmp")).nodes.isEmpty)
  }

  @Test("may remove itself")
  func mayRemoveItself() throws { #expect(try SandboxRoot().print("rm $0; echo gone") == "gone\n") }

  @Test("waits for an interpreter that is still open for writing, as after an unpack beside other targets")
  func busyInterpreter() throws {
    let root = try SandboxRoot()
    let writer = try root.directory.start(
      ["sh", "-c", "cd '\(root.directory.path)'; exec 3>> root/bin/busybox; : > open; sleep 0.5"])
    try Host.wait { access(root.directory.path.appending("open").string, F_OK) == 0 }
    #expect(try root.print("echo ran") == "ran\n")
    #expect(try writer.wait().status == 0)
  }

  @Test("is named if its interpreter is missing")
  func whoseInterpreterMissing() throws {
    let root = try SandboxRoot()
    let error = #expect(throws: MirrorError.self) {
      try root.run(root.plan("") { $0.script.text = "#!/bin/missing\n" })
    }
    #expect(error?.code == .system(.noSuchFileOrDirectory))
    #expect(error?.subject == "/tmp/steps-chroot-run.metro")
  }

  @Test("of a host step is in the run's private directory")
  func hostStepLies() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir -m 700 scripts")
    let scripts = root.directory.path.appending("scripts")
    let text = try root.print("echo $0 $$; ls -d \(root.path); ls /proc | grep -c '^[0-9]*$'; hostname") {
      $0.root = nil
      $0.scriptDirectory = scripts.string
      $0.environment["PATH"] = "/bin:/usr/bin"
    }
    let lines = text.split(separator: "\n")
    #expect(lines.prefix(2) == ["\(scripts)/steps-chroot-run.metro 2", "\(root.path)"])
    #expect((Int(lines[2]) ?? 0) <= 4)
    #expect(lines[3] == "inside")
    #expect(try Tree(scripts).nodes.isEmpty)
  }

  @Test("is not written to a directory that others may change")
  func notWrittenDirectory() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir -m 777 scripts")
    let plan = root.plan("true") {
      $0.root = nil
      $0.scriptDirectory = root.directory.path.appending("scripts").string
    }
    #expect(throws: MirrorError.self) { try root.run(plan) }
  }
}

@Suite("A cancelled step", .enabled(if: Host.isRoot, Host.needsRoot)) struct CancelledStepTests {
  /// Cancels once the step has started.
  private func cancelled(_ script: String, grace: Int) throws -> (error: MirrorError?, root: SandboxRoot) {
    let root = try SandboxRoot()
    let cancellation = Cancellation()
    let sign = root.path.appending("begun").string
    let watcher = Thread {
      while access(sign, F_OK) != 0 { usleep(1000) }
      cancellation.cancel(signal: SIGTERM)
    }
    watcher.start()
    let error = #expect(throws: MirrorError.self) {
      try root.run(root.plan(script), grace: grace, cancellation: cancellation)
    }
    return (error, root)
  }

  @Test("may clean up after SIGTERM")
  func mayClearUp() throws {
    let (error, root) = try cancelled(
      "trap 'echo tidy > /tidied; exit 1' TERM; touch /begun; while :; do sleep 0.01; done", grace: 60)
    #expect(error?.code == .interrupted)
    #expect(access(root.path.appending("tidied").string, F_OK) == 0)
  }

  @Test("that ignores SIGTERM is killed after the grace period, with all its processes")
  func doesNotHear() throws {
    let mark = "32\(getpid())7"
    let (error, root) = try cancelled(
      "trap '' TERM; setsid sleep \(mark) & touch /begun; sleep \(mark)", grace: 1)
    #expect(error?.code == .interrupted)
    #expect(Host.processes(mark) == [])
    #expect(try Tree(root.path.appending("tmp")).nodes.isEmpty)
  }

  @Test("is not even started if the run was cancelled before")
  func notEvenBegun() throws {
    let root = try SandboxRoot()
    let cancellation = Cancellation()
    cancellation.cancel(signal: SIGINT)
    #expect(throws: MirrorError.self) { try root.run(root.plan("touch /begun"), cancellation: cancellation) }
    #expect(access(root.path.appending("begun").string, F_OK) != 0)
  }
}
