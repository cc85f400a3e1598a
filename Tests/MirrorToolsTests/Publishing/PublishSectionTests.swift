import LinuxSystem
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

@Suite("[section publish/NAME]")
struct PublishSectionTests {
  private func targets(_ text: String) throws -> [PublishDestination] {
    let workspace = try Workspace()
    let file = workspace.path.appending("conf")
    try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: file.string))
    var request = ConfigurationFile.Request()
    request.named = file
    return try MirrorConfiguration(ConfigurationFile(request).elements).publishing
  }

  @Test("every setting is read")
  func all() throws {
    let found = try targets(
      """
      [section publish/master]
      to: build@master.example.org:/srv/mirror/
      what: own
      exclude: logs *.iso
      max-delete: 7
      bandwidth: 2M
      receive: ssh
      as: build1
      rsh: ssh -p 2222
      remote-command: sudo mirrorctl receive
      retries: 2
      [section publish/public]
      to: rsync://mirror.example.org/stages
      delete: yes
      keep-remote-grace: 6h
      password-file: /etc/secret
      url: https://mirror.example.org/stages/
      """)
    #expect(found.map(\.name) == ["master", "public"])
    let master = found[0]
    #expect(master.address == .shell(host: "build@master.example.org", path: "/srv/mirror"))
    #expect(master.scope == .own)
    #expect(master.exclusions == [.word(.logs), .glob(Array("*.iso".utf8))])
    #expect((master.maxDelete, master.retries) == (7, 2))
    #expect(master.bytesPerSecond == 2 << 20)
    #expect(master.reception == .ssh)
    #expect(master.server == "build1")
    #expect(master.shell == ["ssh", "-p", "2222"])
    #expect(master.remoteCommand == "sudo mirrorctl receive")
    let open = found[1]
    #expect(open.address == .daemon("rsync://mirror.example.org/stages"))
    #expect(open.deletes)
    #expect(open.grace == 21_600)
    #expect(open.passwordFile == "/etc/secret")
    #expect(open.url == "https://mirror.example.org/stages")
    #expect(open.exclusions == PublishExclusion.standard)
  }

  @Test(
    "errors are reported with their place",
    arguments: [
      ("to: /x\nwhere: there", "publish/a/where"), ("what: all", "publish/a/to"), ("to: x", "publish/a/to"),
      ("to: rsync://host", "publish/a/to"), ("to: host::module", "rsync://HOST/MODULE"),
      ("to: -oProxyCommand=x:/y", "publish/a/to"), ("to: x/y:z", "HOST:/PATH"),
      ("to: /x\nwhat: some", "publish/a/what"),
      ("to: /x\nexclude: stage9", "publish/a/exclude"), ("to: /x\nmax-delete: -1", "publish/a/max-delete"),
      ("to: /x\ndelete: maybe", "publish/a/delete"), ("to: /x\nkeep-remote-grace: soon", "keep-remote-grace"),
      ("to: /x\nreceive: ssh", "publish/a/receive"), ("to: /x\nas: ../x", "publish/a/as"),
      ("to: /x\nreceive: upkeep\ndelete: yes", "publish/a/delete"), ("to: /x\nurl: x", "publish/a/url"),
      ("to: /x\nurl: https://x/<script>", "publish/a/url"), ("to: /x\npassword-file: x", "password-file"),
      ("to: /x\nremote-command: x", "publish/a/remote-command"), ("to: /x\nbandwidth: fast", "bandwidth"),
    ])
  func wrong(_ text: String, _ part: String) throws {
    do {
      _ = try targets("[section publish/a]\n" + text)
      Issue.record("accepted")
    } catch let error as MirrorError {
      #expect("\(error)".contains(part), "\(error)")
    }
  }

  @Test("brackets around an address are kept for rsync and removed for ssh")
  func address() throws {
    let target = try #require(try targets("[section publish/a]\nto: me@[::1]:/srv/m").first)
    #expect(target.address == .shell(host: "me@[::1]", path: "/srv/m"))
    #expect(target.address.argument() == "me@[::1]:/srv/m/")
    #expect(target.address.sshName(of: "me@[::1]") == "me@::1")
    #expect(target.address.sshName(of: "me@host") == "me@host")
  }

  @Test("settings outside a named section are an error")
  func nameless() throws {
    #expect(throws: MirrorError.self) { try targets("[section publish]\nto: /x") }
  }
}

@Suite("The check of an upload")
struct UploadCheckTests {
  private let check = UploadCheck(server: "build1", name: ".complete")
  private static let digest = String(repeating: "a", count: 64)

  private func manifest(_ body: (inout UploadManifest) -> Void) -> UploadManifest {
    var manifest = UploadManifest(server: "build1", date: "now")
    body(&manifest)
    return manifest
  }

  private func file(_ path: String) -> UploadManifest.File {
    .init(path: ExactPath(MirrorPath(path)), size: 1, sha256: Self.digest)
  }

  @Test("stages, snapshots, links and control files are accepted")
  func good() throws {
    try check.check(
      manifest {
        $0.files = [file("r/a/s/2026-11-20/stage3.tar.xz"), file("r/snapshots/portage-2026-11-20.tar.xz")]
        $0.links = [
          .init(path: ExactPath("r/a/s/stage3-latest.tar.xz"), target: ExactPath("2026-11-20/stage3.tar.xz"))
        ]
        $0.control = [
          .init(path: ExactPath("r/a/s/.control/version/stage4/lxd"), text: "2026-11-20\n", mtime: 1)
        ]
        $0.cleared = [ExactPath("r/a/s/.control/.failcount")]
      })
  }

  @Test(
    "a file name that leads elsewhere is refused",
    arguments: [
      "../x", "/etc/passwd", "r/a/s/../../../x", "index.xml", "r/x", "r/a/x", "r/a/s/x",
      "r/a/s/2026-11-20/.x",
      "r/a/s/.control/strategy/build", "r/a//s/x/y", "", "r/a/s/2026-11-20/", ".incoming/b/c/d/e",
      "r/snapshots/a/b",
      "r/a/s/./x/y",
    ])
  func files(_ path: String) {
    #expect(throws: MirrorError.self) { try check.check(manifest { $0.files = [file(path)] }) }
  }

  @Test(
    "a link that points out of the mirror, or to a hidden file, is refused",
    arguments: [
      "/etc/passwd", "../../../../x", "", "../../../.incoming/x", ".control/version", "../../..",
      "one/../../etc/shadow", "./one/..",
    ])
  func links(_ target: String) {
    #expect(throws: MirrorError.self) {
      try check.check(
        manifest { $0.links = [.init(path: ExactPath("r/a/s/x"), target: ExactPath(MirrorPath(target)))] })
    }
  }

  @Test(
    "no other control file is accepted",
    arguments: [
      "r/a/s/.control/strategy/build", "r/a/s/.control/.multi_progress", "r/a/s/.control/server",
      "r/a/s/.control/version/.x", "r/a/s/.control/version/a/b/c", "r/a/s/x/.control/.failcount",
      "r/a/s/.control/../x",
    ])
  func control(_ path: String) {
    #expect(throws: MirrorError.self) {
      try check.check(
        manifest { $0.control = [.init(path: ExactPath(MirrorPath(path)), text: "", mtime: 1)] })
    }
    #expect(throws: MirrorError.self) {
      try check.check(manifest { $0.cleared = [ExactPath(MirrorPath(path))] })
    }
  }

  @Test("a file twice, below another file, or of another server is refused")
  func contradictions() {
    let one = file("r/a/s/2026-11-20/x")
    #expect(throws: MirrorError.self) { try check.check(manifest { $0.files = [one, one] }) }
    #expect(throws: MirrorError.self) {
      try check.check(manifest { $0.files = [one, file("r/a/s/2026-11-20/x/y")] })
    }
    #expect(throws: MirrorError.self) { try check.check(manifest { $0.server = "build2" }) }
  }

  @Test("any bytes of a path survive a manifest")
  func bytes() throws {
    let path = MirrorPath(bytes: Array("a/%41 ä\n".utf8) + [0xff, 0x01])
    var sent = UploadManifest(server: "build1", date: "now")
    sent.cleared = [ExactPath(path)]
    let received = try UploadManifest(try sent.encoded(), name: "x")
    #expect(received.cleared.map(\.path) == [path])
  }
}
