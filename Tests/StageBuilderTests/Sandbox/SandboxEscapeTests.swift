import LinuxSystem
import Foundation
import Glibc
import StageBuilder
import SystemPackage
import TestSupport
import Testing

/// What hostile steps of the host's root try: nothing of the host can be read or written.
@Suite("An escape from a step", .enabled(if: Host.isRoot, Host.needsRoot)) struct EscapeTests {
  struct Escape: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Prints `in` if it succeeds.
    let script: String
    /// Whether an ordinary user's step may do it: its pid 1 has the same user, and nothing of the host.
    var isOwn = false
  }

  static let escapes = [
    Escape(
      testDescription: "a device node of the seed", script: "head -c 1 /disk > /x && test -s /x && echo in"),
    Escape(
      testDescription: "a device node of the seed, on a mount without restrictions",
      script:
        "mount -o remount,bind,dev /; mount -o bind /bin /b && mount -o remount,bind,dev /b; head -c 1 /disk && echo in"
    ),
    Escape(testDescription: "mknod of a block device", script: "mknod /d b 254 0 && echo in"),
    Escape(testDescription: "mknod of kernel memory", script: "mknod /m c 1 1 && echo in"),
    Escape(
      testDescription: "settings of the kernel",
      script:
        "for f in $(find /proc/sys/kernel /proc/sys/vm /proc/sys/fs -type f | grep -v -e /msg -e /sem -e /shm -e auto_msgmni -e mqueue -e ns_last_pid -e pid_max); do cat $f > /v 2>/dev/null && cat /v > $f 2>/dev/null && echo in $f; done"
    ),
    Escape(
      testDescription: "settings of the kernel through a fresh /proc",
      script: "mkdir /p; mount -t proc p /p && echo x > /p/sys/kernel/domainname && echo in"),
    Escape(testDescription: "the requests of the kernel", script: "echo h > /proc/sysrq-trigger && echo in"),
    Escape(testDescription: "sysfs", script: "mkdir /s; mount -t sysfs s /s && echo in"),
    Escape(
      testDescription: "control groups", script: "mkdir /s; mount -t cgroup2 s /s && mkdir /s/mine && echo in"
    ),
    Escape(
      testDescription: "control groups, version 1",
      script: "mkdir /s; mount -t cgroup -o memory s /s && mkdir /s/mine && echo in"),
    Escape(testDescription: "debugfs", script: "mkdir /s; mount -t debugfs s /s && echo in"),
    Escape(testDescription: "tracefs", script: "mkdir /s; mount -t tracefs s /s && echo in"),
    Escape(testDescription: "a disk", script: "mkdir /s; mount -t ext4 /disk /s && echo in"),
    Escape(testDescription: "processes outside", script: "ps | grep -q '[s]wift\\|[x]ctest' && echo in"),
    Escape(testDescription: "signals to all", script: "kill -9 1; test -d /proc/1 || echo in"),
    Escape(testDescription: "the memory of pid 1", script: "head -c 1 /proc/1/mem && echo in", isOwn: true),
    Escape(
      testDescription: "the descriptors of pid 1", script: "ls -l /proc/1/fd/ | grep -q ' -> ' && echo in",
      isOwn: true),
    Escape(
      testDescription: "the root of pid 1",
      script: "ls /proc/1/root/ > /x && cat /x | grep -q victim && echo in", isOwn: true),
    Escape(testDescription: "the host name of the host", script: "hostname taken; echo"),
    Escape(testDescription: "the kernel's messages", script: "head -c 1 /proc/kmsg && echo in"),
    Escape(testDescription: "kernel memory", script: "head -c 1 /proc/kcore && echo in"),
    Escape(
      testDescription: "chroot, twice",
      script:
        "mkdir /c; cd /; chroot /c /bin/true; i=0; while test $i -lt 50; do cd ..; i=$((i+1)); done; ls | grep -q ^proc$ || echo in"
    ),
    Escape(
      testDescription: "links that lead upwards",
      script: "ln -s ../../../../../../../../../etc/shadow /l; grep -q root: /l && echo in"),
    Escape(
      testDescription: "modules", script: "insmod /bin/busybox 2>&1 | grep -q 'Invalid\\|format' && echo in"),
    Escape(
      testDescription: "the clock", script: "date -s 2001-01-01 2>&1 | grep -q \"can't set\" || echo in"),
    Escape(
      testDescription: "the host's registrations of programs",
      script:
        "f=/proc/sys/fs/binfmt_misc; cat $f/status && echo in; echo 0 > $f/status && echo in; echo ':mirrorctl-escape:E::escape::/bin/busybox:' > $f/register && echo in"
    ),
    Escape(testDescription: "swap", script: "swapon /disk && echo in"),
  ]

  @Test("does not succeed", arguments: escapes)
  func fails(escape: Escape) throws {
    let root = try SandboxRoot()
    let name = try Tool.run("uname", "-n").output
    try Self.prepare(root)
    let (_, text) = try root.run(root.plan(escape.script))
    #expect(!Self.succeeded(text), "\(text)")
    #expect(try Tool.run("uname", "-n").output == name)
  }

  @Test(
    "of an ordinary user's step does not succeed", .enabled(if: OrdinaryUser.isPossible, OrdinaryUser.reason),
    arguments: escapes.filter { !$0.isOwn })
  func failsForUser(escape: Escape) throws {
    let user = try OrdinaryUser()
    try Self.prepare(user.root)
    let outcome = try user.run(user.root.plan(escape.script))
    #expect(!Self.succeeded(outcome.text), "\(outcome.text)")
  }

  private static func succeeded(_ text: String) -> Bool {
    text.split(separator: "\n").contains { $0 == "in" || $0.hasPrefix("in ") }
  }

  /// Adds programs, and a node of the first disk that everybody may read and write.
  private static func prepare(_ root: SandboxRoot) throws {
    let disk = try Tool.run("sh", "-c", "ls -l /dev/vda /dev/sda /dev/nvme0n1 2> /dev/null | head -n 1")
      .output
    let number = disk.split(separator: " ").dropFirst(4).prefix(2).joined(separator: " ").replacing(
      ",", with: "")
    try root.directory.shell(
      """
      for a in chroot insmod date swapon tr dd; do ln -s busybox root/bin/$a; done
      mkdir root/b; mknod root/disk b \(number.isEmpty ? "7 0" : number); chmod 666 root/disk
      """)
  }

  @Test("by a descriptor that mirrorctl inherited does not succeed")
  func descriptors() throws {
    let root = try SandboxRoot()
    try root.directory.shell("echo secret > secret; chmod 644 secret")
    let plan = root.plan(
      "cat /proc/1/fd/9 /proc/self/fd/9 /proc/$PPID/fd/9; ls -l /proc/*/fd | grep secret; echo on")
    let command = try root.command(plan).map { "'\($0)'" }.joined(separator: " ")
    let outcome = try root.directory.run([
      "sh", "-c", "cd \(root.directory.path); exec \(command) 9< secret 8< / 7<> secret",
    ])
    #expect(outcome.text.hasSuffix("on\n") && !outcome.text.contains("secret"), "\(outcome.text)")
  }

  @Test(
    "by a registration of programs with the kernel reaches neither the host nor mirrorctl",
    .enabled(if: ForeignMachine.canRegister && OrdinaryUser.isPossible, ForeignMachine.reason),
    arguments: [false, true])
  func registrations(byUser: Bool) throws {
    let user = try byUser ? OrdinaryUser() : nil
    let root = try user?.root ?? SandboxRoot()
    let plan = root.plan(
      """
      mkdir /s; mount -t binfmt_misc b /s && echo ':mirrorctl-escape:E::escape::/bin/busybox:' > /s/register
      test -e /s/mirrorctl-escape && touch /ready; sleep 1000
      """)
    let command = try root.command(plan)
    try root.directory.shell("chmod 644 plan-*.json")
    let run = try root.directory.start((user?.asUser ?? []) + command)
    defer {
      kill(run.pid, SIGKILL)
      _ = try? run.wait()
    }
    try Host.wait { FileManager.default.fileExists(atPath: root.path.appending("ready").string) }
    #expect(try !ForeignMachine.registrations().contains("mirrorctl-escape"))
    if byUser { #expect(try !ForeignMachine.registrations(of: run.pid).contains("mirrorctl-escape")) }
  }

  @Test("by forbidden system calls does not succeed, in each kind of program", arguments: [[], ["-m32"]])
  func systemCalls(options: [String]) throws {
    let root = try SandboxRoot()
    let source = FilePath(#filePath).removingLastComponent().appending("escape.c")
    let compiled = try root.directory.run(
      ["gcc", "-static", "-nostdlib", "-O1", "-o", root.path.appending("bin/escape").string] + options + [
        source.string
      ])
    // A compiler may lack the libraries of the other kind of program; these programs need none.
    try #require(compiled.status == 0, "\(compiled.errorText)")
    #expect(try root.print("escape") == "")
  }

  @Test("is no reason to lose set-user-ID bits, since stages need them")
  func setUserID() throws {
    let root = try SandboxRoot()
    let text = try root.print("cp /bin/busybox /bin/own; chmod 4755 /bin/own; stat -c '%a %u' /bin/own")
    #expect(text == "4755 0\n")
    #expect(
      try root.directory.run(["stat", "-c", "%a %u", "\(root.directory.path)/root/bin/own"]).text
        == "4755 0\n")
  }

  @Test("is not needed for what packages do in a root")
  func packages() throws {
    let root = try SandboxRoot()
    try root.directory.shell("for a in chown mkfifo unshare dd; do ln -s busybox root/bin/$a; done")
    let text = try root.print(
      """
      touch /f; chown 250:250 /f; mkfifo /p; chmod 2755 /f
      mkdir /o /l /u /w; mount -t tmpfs t /o; echo x > /o/x
      unshare -m -p -f sh -c 'mkdir /q; mount -t proc p /q && ls /q | grep -c "^1$"'
      unshare -U -r -m -p -f sh -c 'mount -t proc p /q && echo nested'
      echo done > /dev/stderr; echo done > /dev/stdout
      stat -c '%u:%g %a' /f
      """)
    #expect(text == "1\nnested\ndone\ndone\n250:250 2755\n")
    #expect(
      try root.directory.run(["stat", "-c", "%u:%g %a", "\(root.directory.path)/root/f"]).text
        == "250:250 2755\n")
  }

  @Test("leaves nothing in caches that is owned by the host's root, set-user-ID or capable")
  func caches() throws {
    let root = try SandboxRoot()
    try root.directory.shell("mkdir cache cache/old; echo x > cache/old/file; cp root/bin/busybox root/bin/b")
    let cache = StepCache(path: root.directory.path.appending("cache"), confinement: .idmapped)
    try cache.prepare(Cancellation())
    _ = try root.print(
      "cp /bin/b /c/suid; chmod 6755 /c/suid; mkdir /c/d; cp /c/suid /c/d/x; chmod 4755 /c/d/x; echo y > /c/old/file"
    ) {
      $0.mounts = [.init(source: cache.path.string, target: "/c")]
    }
    try root.directory.shell("cp cache/suid cache/cap; setcap cap_net_raw+ep cache/cap")
    try cache.settle(Cancellation())
    #expect(
      try root.directory.run(["find", "\(root.directory.path)/cache", "-uid", "-2147483648"]).text == "")
    #expect(
      try root.directory.run(["find", "\(root.directory.path)/cache", "-type", "f", "-perm", "/6000"]).text
        == "")
    #expect(try root.directory.run(["getcap", "-r", "\(root.directory.path)/cache"]).text == "")
    #expect(try root.directory.run(["cat", "\(root.directory.path)/cache/old/file"]).text == "y\n")
  }
}
