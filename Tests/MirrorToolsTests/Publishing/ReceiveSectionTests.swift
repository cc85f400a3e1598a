import MirrorModel
import LinuxSystem
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

@Suite("[section receive/SERVER]")
struct ReceiveSectionTests {
  private func configuration(_ text: String) throws -> (MirrorConfiguration, ConfigurationCheck) {
    let workspace = try Workspace()
    let file = workspace.path.appending("conf")
    try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: file.string))
    var request = ConfigurationFile.Request()
    request.named = file
    let read = try ConfigurationFile(request)
    return (try MirrorConfiguration(read.elements), ConfigurationCheck(read))
  }

  private static let key = "0123456789ABCDEF0123456789ABCDEF01234567"

  @Test("every setting is read, separately for each server")
  func all() throws {
    let (found, _) = try configuration(
      """
      [section receive/build1]
      subarches: std/x86-64bit/core2_64 next/*/*
      snapshots: std next
      replace: yes
      max-size: 20G
      key: \(Self.key)
      [section receive/build2]
      snapshots:
      [section signing]
      homedir: /srv/keys
      """)
    let one = try #require(found.receiving.rule(of: "build1"))
    let patterns = try #require(one.subarches)
    for (path, isListed) in [
      ("std/x86-64bit/core2_64", true), ("next/arm/v7", true), ("std/x86-64bit/core2", false),
      ("std/x86-64bit/core2_64/more", false), ("other/x86-64bit/core2_64", false),
    ] as [(MirrorPath, Bool)] {
      #expect(patterns.contains { $0.matches(path) } == isListed, "\(path)")
    }
    #expect(one.snapshots == ["std", "next"] && one.replaces && one.maximumSize == 20 << 30)
    #expect(one.signing?.key.description == Self.key && one.signing?.homeDirectory == "/srv/keys")
    let two = try #require(found.receiving.rule(of: "build2"))
    #expect(two.subarches == nil && two.snapshots == [] && !two.replaces && two.signing == nil)
    #expect(found.receiving.rule(of: "build3") == nil)
    #expect(MirrorConfiguration().receiving.rule(of: "build3") != nil, "nobody is listed")
  }

  @Test(
    "errors are reported",
    arguments: [
      ("[section receive/one]\nsubarches: std/x86", "`std/x86` is not a subarch pattern"),
      ("[section receive/one]\nsubarches: std/../x", "is not a subarch pattern"),
      ("[section receive/one]\nsubarches: std/.control/x", "is not a subarch pattern"),
      ("[section receive/one]\nsnapshots: std/snapshots", "is not a build name"),
      ("[section receive/one]\nreplace: perhaps", "neither yes nor no"),
      ("[section receive/one]\nkey: DEADBEEF", "is a short id"),
      ("[section receive/one]\nmax-size: much", "`much` is not a number of bytes"),
      ("[section receive/one]\nsnapshot: std", "did you mean snapshots?"),
      ("[section receive]\nsubarches: a/b/c", "belongs to no server"),
      ("[section receive/-one]\nreplace: yes", "is not a valid server name"),
    ])
  func wrong(text: String, message: String) throws {
    do {
      _ = try configuration(text)
      Issue.record("it is taken")
    } catch { #expect("\(error)".contains(message), "\(error)") }
  }

  @Test("config check finds a subarch that is listed for a server and built here")
  func builtHere() throws {
    let (_, check) = try configuration(
      "[section rotation]\nsubarches: gen\n[section receive/one]\nsubarches: std/x86/gen std/x86/*")
    #expect(
      check.faults.contains {
        $0.path == "receive/one/subarches" && $0.line == 4
          && $0.problem == "std/x86/gen is built here, so it cannot be received"
      })
  }
}

@Suite("Files of an upload")
struct UploadKindTests {
  @Test(
    "are those that builds make, in their place",
    arguments: [
      ("std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz", .tarball),
      ("std/x86/gen/2016-01-01/std-gen-openvz-2016-01-01.tar.zst", .tarball),
      ("std/x86/gen/2016-01-01/gnome-stage3-gen-std-2016-01-01.tar", .tarball),
      ("std/x86/gen/2016-01-01/stage3-gen-std-2016-01-02.tar.xz", nil),
      ("std/x86/gen/2016-01-01/stage3-pentium-std-2016-01-01.tar.xz", nil),
      ("std/x86/gen/2016-01-01/2016-01-01.tar.xz", nil), ("std/x86/gen/2016-01-01/a.tar.xz", nil),
      ("std/x86/gen/stage3-gen-std-2016-01-01.tar.xz", nil),
      (
        "std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz.hash.txt",
        .digests(.hashText, of: "stage3-gen-std-2016-01-01.tar.xz")
      ),
      (
        "std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz.DIGESTS.asc",
        .signature(of: "stage3-gen-std-2016-01-01.tar.xz.DIGESTS")
      ),
      (
        "std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz.contents.gz",
        .contents(of: "stage3-gen-std-2016-01-01.tar.xz")
      ),
      (
        "std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz.spdx.json",
        .document(.spdx, of: "stage3-gen-std-2016-01-01.tar.xz")
      ),
      (
        "std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz.provenance.json.asc",
        .signature(of: "stage3-gen-std-2016-01-01.tar.xz.provenance.json")
      ),
      ("std/x86/gen/2016-01-01/a.provenance.json", nil),
      ("std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz.gpg.gpg", nil),
      ("std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz.meta4", nil),
      ("std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.cme", nil),
      ("std/x86/gen/2016-01-01/SHA256SUMS", .manifest(.sha256Sums)),
      ("std/x86/gen/2016-01-01/Manifest.gpg", .signature(of: "Manifest")),
      ("std/x86/gen/2016-01-01/status", .record), ("std/x86/gen/2016-01-01/status.gpg", nil),
      ("std/x86/gen/2016-01-01/build-info.json", .record), ("std/x86/gen/2016-01-01/index.json", nil),
      ("std/x86/gen/2016-01-01/log/stage3.txt", .record), ("std/x86/gen/2016-01-01/log/errors.json", .record),
      ("std/x86/gen/2016-01-01/log/stage3.html", nil), ("std/x86/gen/2016-01-01/logs/stage3.txt", nil),
      ("std/x86/gen/2016-01-01/log/more/stage3.txt", nil),
      ("std/snapshots/portage-2016-01-01.tar.xz", .tarball), ("std/snapshots/portage.tar.xz", nil),
      ("std/snapshots/SHA256SUMS", nil), ("std/snapshots/status", nil), ("std/snapshots/log/a.txt", nil),
      ("std/snapshots/portage-2016-01-01.tar.xz.gpg", .signature(of: "portage-2016-01-01.tar.xz")),
    ] as [(MirrorPath, UploadKind?)])
  func kinds(path: MirrorPath, kind: UploadKind?) { #expect(UploadKind(path, .builtIn) == kind) }

  @Test(
    "may be links only to the newest tarballs, or to their sidecars",
    arguments: [
      ("s/x/g/stage3-latest.tar.xz", "s/x/g/2016-01-01/stage3-g-s-2016-01-01.tar.xz", true),
      ("s/x/g/stage3-current.tar.xz", "s/x/g/2016-01-01/stage3-g-s-2016-01-01.tar.xz", true),
      ("s/x/g/stage3-latest.tar.xz.gpg", "s/x/g/2016-01-01/stage3-g-s-2016-01-01.tar.xz.gpg", true),
      ("s/x/g/stage3-latest.tar.xz.gpg", "s/x/g/2016-01-01/stage3-g-s-2016-01-01.tar.xz.asc", false),
      ("s/x/g/stage3-latest.tar.xz.gpg", "s/x/g/2016-01-01/stage3-g-s-2016-01-01.tar.xz", false),
      ("s/x/g/stage3-latest.tar.xz", "s/x/h/2016-01-01/stage3-h-s-2016-01-01.tar.xz", false),
      ("s/x/g/stage3-g-s-2016-01-01.tar.xz", "s/x/g/2016-01-01/stage3-g-s-2016-01-01.tar.xz", false),
      ("s/x/g/2016-01-01/a.tar.xz", "s/x/g/2016-01-01/stage3-g-s-2016-01-01.tar.xz", false),
      ("s/x/g/index.html", "s/x/g/2016-01-01/stage3-g-s-2016-01-01.tar.xz", false),
      ("s/snapshots/portage-latest.tar.xz", "s/snapshots/portage-2016-01-01.tar.xz", true),
      ("s/snapshots/portage-latest.tar.xz.hash.txt", "s/snapshots/portage-2016-01-01.tar.xz.hash.txt", true),
      ("s/snapshots/meta-latest.tar.xz", "s/snapshots/portage-2016-01-01.tar.xz", false),
      ("s/snapshots/portage-latest.tar.xz", "t/snapshots/portage-2016-01-01.tar.xz", false),
    ] as [(MirrorPath, MirrorPath, Bool)])
  func links(path: MirrorPath, target: MirrorPath, isOne: Bool) {
    #expect(UploadKind.isLink(path, to: target, .builtIn) == isOne)
  }
}
