import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("Downloads of offered files with real clients")
struct DownloadTests {
  private let mirror: OfferedMirror
  private var workspace: Workspace { mirror.workspace }

  init() throws {
    mirror = try OfferedMirror()
    // 3.5 pieces.
    try Compressed.noise(bytes: 3_500_000, seed: 1).write(
      to: URL(fileURLWithPath: "\(workspace.mirror)/\(OfferedMirror.stage3)"))
  }

  private func offer(at servers: WebServer...) throws {
    try mirror.configure(
      "[section index]\nos: Funtoo\nurls: \(servers.map(\.address).joined(separator: " "))\n")
    try mirror.publish()
  }

  private func aria2c(_ metalink: String) throws -> Outcome {
    try workspace.run([
      "aria2c", "--no-conf", "--console-log-level=error", "--summary-interval=0", "--max-tries=1",
      "--dir=\(workspace.path)/down", metalink,
    ])
  }

  private func damage(_ directory: String) throws {
    try workspace.shell(
      """
      cp -a mirror \(directory)
      printf damaged | dd of=\(directory)/\(OfferedMirror.stage3) bs=1 seek=1500000 conv=notrunc status=none
      """)
  }

  private var arrived: String { "down/stage3-gen-std-2016-11-17.tar.xz" }

  @Test("aria2c downloads a tarball from its metalink", .enabled(if: Tool.exists("aria2c")))
  func download() throws {
    let server = try WebServer(workspace.mirror, in: workspace.path.appending("server"))
    try offer(at: server)
    let outcome = try aria2c("\(workspace.mirror)/\(OfferedMirror.stage3).meta4")
    #expect(outcome.status == 0, "\(outcome.text)")
    try workspace.shell("cmp \(arrived) mirror/\(OfferedMirror.stage3)")
    // Through the latest link, from the mirror itself.
    let latest = try aria2c("\(server.address)/\(OfferedMirror.subarch)/stage3-latest.tar.xz.meta4")
    #expect(latest.status == 0, "\(latest.text)")
    server.stop()
  }

  @Test(
    "aria2c finds the damaged piece of a download, and gets it from another mirror",
    .enabled(if: Tool.exists("aria2c")))
  func damaged() throws {
    try workspace.shell("mkdir served")
    let bad = try WebServer(workspace.path.appending("served"), in: workspace.path.appending("bad-server"))
    let good = try WebServer(workspace.mirror, in: workspace.path.appending("good-server"))
    try offer(at: bad, good)
    try damage("rotten")
    try workspace.shell("mv rotten/* served/")
    let metalink = "\(workspace.mirror)/\(OfferedMirror.stage3).meta4"
    let refused = try aria2c(metalink)
    #expect(refused.status != 0)
    #expect(refused.text.contains("checksum"), "\(refused.text)")
    try workspace.shell("test \"$(stat -c %s \(arrived))\" -lt 3500000")
    // The first address fails now: intact pieces are kept, the rest comes from the second.
    bad.stop()
    let mended = try aria2c(metalink)
    #expect(mended.status == 0, "\(mended.text)")
    try workspace.shell("cmp \(arrived) mirror/\(OfferedMirror.stage3)")
    #expect(
      good.requests.filter { $0.hasPrefix("GET") } == ["GET /\(OfferedMirror.stage3) bytes=1048576-3499999"])
    good.stop()
  }

  @Test("a script for Gentoo's mirrors finds the newest stage3 in latest.txt")
  func latest() throws {
    let server = try WebServer(workspace.mirror, in: workspace.path.appending("server"))
    try offer(at: server)
    let url = "\(server.address)/\(OfferedMirror.subarch)"
    try workspace.shell(
      """
      python3 -c 'import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())' \
        \(url)/latest.txt > latest.txt
      path=$(grep -v '^#' latest.txt | grep stage3 | head -n 1 | cut -d' ' -f1)
      size=$(grep -v '^#' latest.txt | grep stage3 | head -n 1 | cut -d' ' -f2)
      cmp "mirror/\(OfferedMirror.subarch)/$path" mirror/\(OfferedMirror.stage3)
      test "$size" = 3500000
      """)
    server.stop()
  }

  @Test("lxc lists the images, shows one, and downloads it", .enabled(if: Tool.exists("lxc")))
  func images() throws {
    try workspace.shell(
      """
      mkdir tls lxc got
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls/key.pem -out tls/cert.pem \
        -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2> errors
      """)
    let server = try WebServer(
      workspace.mirror, in: workspace.path.appending("server"), certificate: workspace.path.appending("tls"))
    try offer(at: server)
    func lxc(_ arguments: String...) throws -> Outcome {
      try workspace.run(
        ["env", "LXD_CONF=\(workspace.path)/lxc", "SSL_CERT_FILE=\(workspace.path)/tls/cert.pem", "lxc"]
          + arguments)
    }
    let added = try lxc("remote", "add", "m", server.address, "--protocol", "simplestreams")
    try #require(added.status == 0, "\(added.errorText)")

    let list = try lxc("image", "list", "m:", "--format", "json")
    try #require(list.status == 0, "\(list.errorText)")
    let images = try JSONDecoder().decode([Image].self, from: Data(list.output))
    let (old, new) = (
      "\(OfferedMirror.old)/lxd-gen-std-2016-11-03.tar.xz",
      "\(OfferedMirror.new)/lxd-gen-std-2016-11-17.tar.xz"
    )
    #expect(Set(images.map(\.fingerprint)) == [try mirror.sha256(old), try mirror.sha256(new)])
    let newest = try #require(images.first { $0.properties["serial"] == "20161117" })
    #expect(newest.fingerprint == (try mirror.sha256(new)))
    #expect(newest.architecture == "x86_64")
    #expect(newest.type == "container")
    #expect(newest.size == (try mirror.size(new)))
    #expect(newest.properties["os"] == "Funtoo")
    #expect(newest.properties["release"] == "std")
    #expect(newest.properties["variant"] == "gen")
    #expect(newest.aliases.contains { $0.name == "std/gen/amd64" })
    // Only the newest has the short names.
    #expect(images.first { $0.properties["serial"] == "20161103" }?.aliases ?? [] == [])

    let info = try lxc("image", "info", "m:std/gen/amd64")
    #expect(info.status == 0, "\(info.errorText)")
    #expect(info.text.contains(newest.fingerprint))
    let export = try lxc("image", "export", "m:std/x86-64bit/gen/amd64", "\(workspace.path)/got")
    #expect(export.status == 0, "\(export.errorText)")
    try workspace.shell("cmp got/* mirror/\(new)")
    server.stop()
  }

  private struct Image: Decodable {
    struct Alias: Decodable, Hashable { let name: String }
    let fingerprint, architecture, type: String
    let size: Int
    let properties: [String: String]
    let aliases: [Alias]

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Keys.self)
      fingerprint = try values.decode(String.self, forKey: .fingerprint)
      architecture = try values.decode(String.self, forKey: .architecture)
      type = try values.decode(String.self, forKey: .type)
      size = try values.decode(Int.self, forKey: .size)
      properties = try values.decode([String: String].self, forKey: .properties)
      aliases = try values.decodeIfPresent([Alias].self, forKey: .aliases) ?? []
    }

    private enum Keys: String, CodingKey { case fingerprint, architecture, type, size, properties, aliases }
  }
}
