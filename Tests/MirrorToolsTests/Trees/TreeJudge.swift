import LinuxSystem
import StageTrees
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Trees that Python makes, inspects and packs, without code shared with the product.
enum TreeJudge {
  static let isRoot = getuid() == 0

  /// One line per node: path, kind, mode, owner, time, size, names of the same node, content, link, device,
  /// extended attributes with access control lists, and whether it has holes.
  static func describe(_ root: FilePath, timesOfDirectories: Bool = true) throws -> [String] {
    try python(
      """
      import hashlib, os, stat, sys
      root, nodes, lines = os.fsencode(sys.argv[1]), {}, []
      def look(path):
          full = os.path.join(root, path) if path else root
          s = os.lstat(full)
          kind = stat.S_IFMT(s.st_mode)
          if kind == stat.S_IFSOCK: return
          group = nodes.setdefault((s.st_dev, s.st_ino), []) if kind != stat.S_IFDIR else []
          group.append(path)
          words = [oct(s.st_mode), s.st_uid, s.st_gid, s.st_mtime_ns, group[0]]
          if kind == stat.S_IFREG:
              with open(full, "rb") as f: words += [s.st_size, hashlib.sha256(f.read()).hexdigest()]
              words.append("holes" if s.st_blocks * 512 < s.st_size else "")
          if kind == stat.S_IFLNK: words.append(os.readlink(full))
          if kind in (stat.S_IFCHR, stat.S_IFBLK): words.append(s.st_rdev)
          for name in sorted(os.listxattr(full, follow_symlinks=False)):
              words += [name, os.getxattr(full, name, follow_symlinks=False)]
          lines.append(ascii((path, words)))
          if kind == stat.S_IFDIR:
              for name in sorted(os.listdir(full)): look(os.path.join(path, name) if path else name)
      look(b"")
      print("\\n".join(lines))
      """, root.string
    ).split(separator: "\n").map(String.init)
  }

  /// Makes a tree with everything a stage may contain; without root, parts that require root are omitted.
  static func makeRichTree(_ root: FilePath) throws {
    try python(
      """
      import os, socket, struct, subprocess, sys
      os.mkdir(sys.argv[1]); os.chdir(sys.argv[1])
      is_root = os.getuid() == 0
      def write(path, content, mode=0o644, owner=(0, 0)):
          os.makedirs(os.path.dirname(path) or b".", exist_ok=True)
          with open(path, "wb") as f: f.write(content)
          if is_root: os.chown(path, *owner)
          os.chmod(path, mode)
      write(b"etc/passwd", b"root:x:0:0::/root:/bin/sh\\n")
      write(b"etc/shadow", b"secret", 0o600, (0, 42))
      write(b"usr/bin/su", b"#!/bin/sh\\n" * 100, 0o4755)
      write(b"usr/bin/wall", b"wall", 0o2755, (0, 5))
      write(b"usr/bin/ping", b"ping", 0o755)
      write(b"usr/bin/empty", b"", 0o755)
      write(b"usr/bin/-dash", b"dash")
      write(b"usr/bin-x", b"sorts between usr/ and usr/bin/")
      write(b"usr/share/" + b"d" * 60 + b"/" + b"e" * 90 + b"/" + b"f" * 100, b"a path for the prefix field")
      write(b"usr/share/" + b"g" * 250 + b"/" + b"h" * 250, b"a path that fits no field")
      write("usr/share/na\\u00efve caf\\u00e9".encode(), b"UTF-8")
      write(b"usr/share/latin\\xe9\\xff", b"not UTF-8")
      write(b"usr/share/" + b"l" * 120 + b"\\xe9\\xff", b"long, not UTF-8")
      write(b"usr/share/two\\nlines\\ttab\\\\back", b"strange")
      write(b"usr/share/big", bytes(range(256)) * 9000)
      write(b"home/user/file", b"mine", 0o640, (1000, 1000))
      write(b"home/big-id", b"id", 0o640, (3000000, 4000000) if is_root else (0, 0))
      write(b"usr/lib/shared", b"shared" * 1000)
      os.link("usr/lib/shared", "usr/lib/also"); os.link("usr/lib/shared", "etc/first")
      os.symlink("usr/lib", "lib"); os.symlink("/etc/passwd", "etc/absolute"); os.symlink("../../..", "etc/up")
      os.symlink("t" * 300, "etc/long-target"); os.symlink(b"\\xe9", b"etc/latin-target")
      os.link("etc/absolute", "etc/link-to-link", follow_symlinks=False)
      os.mkdir("tmp"); os.chmod("tmp", 0o1777)
      os.mkdir("sealed"); write(b"sealed/inside", b"inside"); os.chmod("sealed", 0o555)
      with open("sparse", "wb") as f:
          f.seek(1 << 20); f.write(b"middle"); f.seek(3 << 20); f.write(b"more" * 5000); f.truncate(8 << 20)
      with open("hole", "wb") as f: f.truncate(5 << 20)
      os.mkfifo("run-fifo", 0o622)
      s = socket.socket(socket.AF_UNIX); s.bind("socket")
      os.setxattr("etc/passwd", "user.note", b"plain")
      os.setxattr("etc/passwd", "user.binary", bytes(range(256)))
      os.setxattr("etc/passwd", "user.with=equals", b"a=b\\n")
      os.setxattr("usr", "user.directory", b"too")
      acl = lambda *e: struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *x) for x in e)
      none = 0xffffffff
      os.setxattr("usr/bin/ping", "system.posix_acl_access",
          acl((1, 7, none), (2, 5, 1000), (2, 4, 1001), (4, 5, none), (8, 6, 2000), (16, 7, none), (32, 1, none)))
      os.setxattr("home", "system.posix_acl_access", acl((1, 7, none), (2, 7, 33), (4, 5, none), (16, 7, none), (32, 0, none)))
      os.setxattr("home", "system.posix_acl_default", acl((1, 7, none), (2, 7, 33), (4, 5, none), (16, 7, none), (32, 0, none)))
      if is_root:
          os.mkdir("dev")
          os.mknod("dev/null", 0o666 | 0o020000, os.makedev(1, 3)); os.mknod("dev/sda", 0o660 | 0o060000, os.makedev(8, 0))
          os.chmod("dev/null", 0o666)
          subprocess.run(["setcap", "cap_net_raw+ep", "usr/bin/su"], check=True)
          os.setxattr("etc/up", "trusted.link", b"on a link", follow_symlinks=False)
          os.lchown("lib", 1, 2)
      second = 1000000000
      for i, (directory, names, files) in enumerate(os.walk(".", topdown=False)):
          for j, name in enumerate(files + names + ["."]):
              os.utime(os.path.join(directory, name), follow_symlinks=False,
                  ns=(0, 1600000000 * second + i * second + j * 1001 + (j % 2) * 123456789))
      os.utime("usr/bin/-dash", ns=(0, -5 * second))
      os.utime("usr/bin/empty", ns=(0, 0))
      """, root.string)
  }

  /// Runs a script; returns its output.
  @discardableResult
  static func python(_ script: String, _ arguments: String...) throws -> String {
    let (status, output) = try Tool.run("python3", arguments: ["-I", "-c", script] + arguments)
    guard status == 0 else { throw Failure(output: output) }
    return output
  }

  /// Runs shell commands in a directory; returns their output.
  @discardableResult
  static func shell(_ script: String, in directory: FilePath) throws -> String {
    let (status, output) = try Tool.run("sh", "-c", "set -eu; cd '\(directory)'; \(script)")
    guard status == 0 else { throw Failure(output: output) }
    return output
  }

  struct Failure: Error, CustomStringConvertible {
    let output: String
    var description: String { output }
  }
}

/// Directories of one test, and the tested functions run on them.
struct TreeBench {
  let workspace: Workspace
  var place: FilePath { workspace.path }

  init() throws { workspace = try Workspace() }

  func path(_ name: String) -> FilePath { place.appending(name) }

  /// An empty directory.
  func directory(_ name: String) throws -> FilePath {
    try TreeJudge.shell("mkdir '\(name)'", in: place)
    return path(name)
  }

  @discardableResult
  func unpack(
    _ tarball: String, into directory: FilePath, _ options: TreeUnpacker.Options = .init(threads: 2),
    cancellation: Cancellation = Cancellation(), progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws -> UnpackReport {
    try TreeUnpacker(options, cancellation: cancellation, progress: progress).unpack(
      path(tarball), into: directory)
  }

  @discardableResult
  func capture(
    _ directory: String, to tarball: String, _ change: (inout TreeCapture.Options) -> Void = { _ in },
    contents: String? = nil
  ) throws -> CaptureReport {
    var options = TreeCapture.Options(compression: nil, threads: 2, epoch: Self.farEpoch)
    change(&options)
    return try TreeCapture(options, cancellation: Cancellation()).capture(
      path(directory), to: path(tarball), contents: contents.map(path))
  }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name).string)) }

  /// Later than the time of every file.
  static let farEpoch: Int64 = 1 << 40
}
