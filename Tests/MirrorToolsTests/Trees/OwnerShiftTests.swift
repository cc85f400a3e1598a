import StageTrees
import LinuxSystem
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Shifted owners", .enabled(if: TreeJudge.isRoot)) struct OwnerShiftTests {
  private let bench: TreeBench

  init() throws { bench = try TreeBench() }

  private func unpack(_ tarball: String, into directory: FilePath) throws -> UnpackReport {
    try bench.unpack(tarball, into: directory, .init(threads: 1, idShift: .upperHalf))
  }

  private func capture(_ directory: String, to tarball: String) throws {
    try bench.capture(directory, to: tarball) { $0.idShift = .upperHalf }
  }

  /// All paths with their owners' numbers above a base.
  private func owners(_ directory: String, base: Int) throws -> String {
    try TreeJudge.python(
      """
      import os, sys
      root, base = os.fsencode(sys.argv[1]), int(sys.argv[2])
      for directory, names, files in sorted(os.walk(root)):
          for name in sorted(names + files + [b"."]):
              path = os.path.join(directory, name); s = os.lstat(path)
              print(ascii(os.path.relpath(path, root)), s.st_uid - base, s.st_gid - base)
      """, bench.path(directory).string, "\(base)")
  }

  @Test("are those of everything in a tree, and are restored by a capture")
  func roundTrip() throws {
    try TreeJudge.makeRichTree(bench.path("tree"))
    try TreeJudge.shell("setcap cap_net_raw+ep tree/usr/bin/ping", in: bench.place)
    try bench.capture("tree", to: "T")
    #expect(try unpack("T", into: bench.directory("shifted")).notes == [])
    try bench.unpack("T", into: bench.directory("plain"))
    #expect(try owners("shifted", base: 1 << 31) == owners("plain", base: 0))
    let kernel = try TreeJudge.python(
      """
      import os, sys
      os.chdir(sys.argv[1])
      print(os.getxattr("usr/bin/ping", "security.capability").hex())
      print(os.getxattr("home", "system.posix_acl_default").hex())
      """, bench.path("shifted").string
    ).split(separator: "\n")
    // Version 3 with the root's number at its end; user 33 as 2^31 + 33.
    #expect(kernel.first?.hasSuffix("00000080") == true && kernel.first?.contains("03") == true)
    #expect(kernel.last?.contains("21000080") == true)
    try bench.capture("plain", to: "unshifted")
    try capture("shifted", to: "restored")
    #expect(try bench.bytes("unshifted") == bench.bytes("restored"))
  }

  @Test("are not made of numbers that do not fit, which are named with their member")
  func outOfRange() throws {
    try TreeJudge.python(
      """
      import sys, tarfile
      for number in (2147483646, 2147483647, 4000000000):
          out = tarfile.open(sys.argv[1] + "/%d.tar" % number, "w", format=tarfile.PAX_FORMAT)
          member = tarfile.TarInfo("victim"); member.gid = number
          out.addfile(member); out.close()
      """, bench.place.string)
    #expect(try unpack("2147483646.tar", into: bench.directory("fits")).entries == 1)
    for number in ["2147483647", "4000000000"] {
      let error = try #require(throws: MirrorError.self) {
        _ = try unpack("\(number).tar", into: bench.directory(number))
      }
      #expect(error.description.contains("member victim: names user or group \(number)"), "\(error)")
    }
  }

  @Test(
    "are not taken from a file outside of the range",
    arguments: ["chown 5 root/f", "setfacl -m u:5:r root/f", "setcap cap_net_raw+ep root/f"])
  func foreign(change: String) throws {
    try TreeJudge.shell("mkdir root; echo x > root/f; chown -R 2147483648:2147483648 root", in: bench.place)
    try capture("root", to: "T")
    try TreeJudge.shell(change, in: bench.place)
    let error = try #require(throws: MirrorError.self) { try capture("root", to: "T") }
    #expect(error.subject.hasSuffix("root/f"))
    #expect(error.problem.hasPrefix("names user or group \(change.contains("cap_") ? 0 : 5), "), "\(error)")
  }

  @Test("are given to directories that the tarball does not contain")
  func missing() throws {
    try TreeJudge.python(
      """
      import sys, tarfile
      out = tarfile.open(sys.argv[1], "w"); out.addfile(tarfile.TarInfo("a/b/file")); out.close()
      """, bench.path("T").string)
    _ = try unpack("T", into: bench.directory("root"))
    #expect(
      try TreeJudge.shell("find a -printf '%p %U %G %m\\n'", in: bench.path("root")) == """
        a 2147483648 2147483648 755
        a/b 2147483648 2147483648 755
        a/b/file 2147483648 2147483648 644

        """)
  }
}
