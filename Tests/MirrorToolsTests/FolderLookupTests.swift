import LinuxSystem
import MirrorModel
import TestSupport
import Testing

@testable import MirrorTools

@Suite("The files of a tarball in its directory")
struct FolderLookupTests {
  /// By bytes, what belongs to another tarball comes between the first tarball and its own files.
  private static let names = ["a.tar", "a.tar-b.tar.xz", "a.tar.xz", "a.tar.xz-c.tar.gz", "b.tar.xz"]
  private static let endings = [".DIGESTS", ".WITHDRAWN", ".asc", ".gpg", ".hash.txt"]

  @Test("are found by its name, whatever is sorted between them")
  func lookups() throws {
    let disk = try TestMirror()
    for name in Self.names {
      try disk.file("std/snapshots/\(name)", "x").link("std/snapshots/latest-\(name)", to: name)
      for ending in Self.endings { try disk.file("std/snapshots/\(name)\(ending)", "x") }
      try disk.file("std/snapshots/\(name).hash.txt.asc", "x")
    }
    try disk.file("std/snapshots/SHA256SUMS", "x").file("std/snapshots/SHA256SUMS.asc", "x")
    let folder = try #require(try disk.scan().builds.first?.snapshots)
    for name in Self.names.map({ FileName($0) }) {
      #expect(folder.tarball(name)?.name == name)
      #expect(folder.tarball(name)?.isWithdrawn == true, "\(name)")
      #expect(folder.sidecars(of: name).map(\.name) == Self.endings.map { name.appending($0) })
      #expect(folder.sidecar(.armored, of: name)?.name == name.appending(".asc"))
      #expect(folder.signatures(ofDigestsOf: name) == [name.appending(".hash.txt.asc")])
      #expect(folder.link(FileName("latest-\(name)"))?.text == name.bytes)
    }
    for name in ["a.ta", "a.tar.x", "z.tar.xz"] as [FileName] {
      #expect(folder.tarball(name) == nil && folder.link(name) == nil)
      #expect(folder.sidecars(of: name).isEmpty && folder.signatures(ofDigestsOf: name).isEmpty)
    }
  }
}
