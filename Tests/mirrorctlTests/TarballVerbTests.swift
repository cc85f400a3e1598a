import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("unpack and capture") struct TarballVerbTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func verb(_ arguments: String...) throws -> Outcome {
    try workspace.run(
      [Program.path.string] + arguments.map { $0.hasPrefix("@") ? "\(workspace.path)/\($0.dropFirst())" : $0 }
    )
  }

  @Test(
    "compress as the name says, also if it is short",
    arguments: [
      ("tgz", "gzip -t"), ("tar.gz", "gzip -t"), ("txz", "xz -t"), ("tbz2", "bzip2 -t"), ("tbz", "bzip2 -t"),
      ("tzst", "zstd -qt"), ("tar", "tar -tf"),
    ])
  func suffixes(suffix: String, test: String) throws {
    try workspace.shell("mkdir tree root; seq 1000 > tree/file")
    let captured = try verb("capture", "@tree", "@x.\(suffix)")
    #expect(captured.status == 0, "\(captured.errorText)")
    try workspace.shell("\(test) x.\(suffix)")
    #expect(try verb("unpack", "@x.\(suffix)", "@root").status == 0)
    try workspace.shell("cmp tree/file root/file")
  }

  @Test("refuse to write a format that the name promises, but mirrorctl does not write")
  func otherFormats() throws {
    try workspace.shell("mkdir tree")
    for name in ["x.tar.lz4", "x.tlz", "x.tar.Z", "x.zip"] {
      let outcome = try verb("capture", "@tree", "@\(name)")
      #expect(outcome.status == 64)
      #expect(outcome.errorText.contains("cannot write the format"), "\(outcome.errorText)")
    }
    #expect(try verb("capture", "--compression", "none", "@tree", "@x.zip").status == 0)
  }

  @Test("do not replace a device or a pipe by a tarball")
  func devices() throws {
    try workspace.shell("mkdir tree; mkfifo pipe x.tar.contents.gz")
    for arguments in [["@tree", "@pipe"], ["--contents", "@tree", "@x.tar"]] {
      let outcome = try workspace.run(
        [Program.path.string, "capture", "--compression", "none"]
          + arguments.map { $0.replacing("@", with: "\(workspace.path)/") })
      #expect(
        outcome.status == 5 && outcome.errorText.contains("exists, and is not a file"), "\(outcome.errorText)"
      )
    }
    try workspace.shell("test -p pipe; test -p x.tar.contents.gz; test ! -e x.tar")
  }

  /// An overlay with `lib/`, for a root in which `lib` is a link.
  private func makeOverlay(link: String) throws {
    try workspace.shell(
      """
      rm -rf root over outside; mkdir -p root/usr/lib over/lib/sub outside; chmod 755 root/usr/lib
      ln -s '\(link)' root/lib; echo 1 > over/lib/file; echo 2 > over/lib/sub/file; ln over/lib/file over/lib/same
      chmod 700 over/lib; tar -C over -cf over.tar lib
      """)
  }

  @Test("follow links to directories on request", arguments: ["usr/lib", "/usr/lib", "../../usr/./lib"])
  func overlay(link: String) throws {
    try makeOverlay(link: link)
    let refused = try verb("unpack", "@over.tar", "@root")
    #expect(refused.status == 1)
    #expect(refused.errorText.contains("member lib/: "), "\(refused.errorText)")
    let outcome = try verb("unpack", "--keep-directory-symlink", "@over.tar", "@root")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(
      try workspace.shell("find root/usr -printf '%p %y %m\\n' | LC_ALL=C sort").text == """
        root/usr d 755
        root/usr/lib d 755
        root/usr/lib/file f 644
        root/usr/lib/same f 644
        root/usr/lib/sub d 755
        root/usr/lib/sub/file f 644

        """)
    #expect(try workspace.shell("stat -c %h root/usr/lib/file").text == "2\n")
    #expect(try workspace.shell("readlink root/lib").text == "\(link)\n")
  }

  @Test(
    "never follow a link out of the root",
    arguments: ["../outside", "../../../../../../../tmp", "/etc", "lib", "missing", "../root/../outside"])
  func escape(link: String) throws {
    try makeOverlay(link: link)
    #expect(try verb("unpack", "--keep-directory-symlink", "@over.tar", "@root").status == 1)
    // The same without a member for the directory itself.
    try workspace.shell("tar -C over -cf over.tar lib/sub/file")
    _ = try verb("unpack", "--keep-directory-symlink", "@over.tar", "@root")
    #expect(try workspace.shell("ls outside").text == "")
    #expect(
      !FileManager.default.fileExists(atPath: "/tmp/sub")
        && !FileManager.default.fileExists(atPath: "/etc/sub"))
  }

  @Test("limit the memory for decompression on request")
  func memory() throws {
    try workspace.shell(
      "mkdir tree root; truncate -s 300M tree/holes; tar -cf - tree | zstd -q -1 --long=31 -c > x.tar.zst")
    let outcome = try verb("unpack", "--max-memory", "100M", "@x.tar.zst", "@root")
    #expect(outcome.status == 5)
    #expect(outcome.errorText.contains("more than the limit of 100 MiB"), "\(outcome.errorText)")
  }
}
