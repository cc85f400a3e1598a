@testable import LinuxSystem
@testable import MirrorModel
@testable import Hashing
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

@Suite("index: the content of a metalink")
struct MetalinkFormatTests {
  private static let grammar = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .appending("Fixtures/metalink.rng").string

  private static let armored = """
    -----BEGIN PGP SIGNATURE-----

    iHUEABYKAB0=
    -----END PGP SIGNATURE-----

    """

  private func metalink(name: String = "stage3.tar.xz", pieces: Int = 3) -> Metalink {
    Metalink(
      name: name, size: Int64(pieces << 20), published: 1_795_255_200,
      sha256: String(repeating: "0f", count: 32), sha512: String(repeating: "1e", count: 64),
      pieces: .init(length: 1 << 20, digests: (0..<(32 * pieces)).map { UInt8(truncatingIfNeeded: $0) }),
      signature: Self.armored, urls: ["https://one.example/m/stage3.tar.xz", "http://two.example/%20"])
  }

  private func lint(_ bytes: [UInt8], _ options: String...) throws -> (status: Int32, output: String) {
    let mirror = try TestMirror().file("x.meta4", Data(bytes))
    return try Tool.run("xmllint", arguments: options + [mirror.path("x.meta4")])
  }

  @Test("is always the same, and valid according to RFC 5854", .enabled(if: Tool.exists("xmllint")))
  func grammar() throws {
    var alone = metalink(pieces: 0)
    (alone.sha512, alone.signature, alone.urls) = (nil, nil, ["ftp://m.example/x"])
    for one in [metalink(), metalink(name: #"a&b "<c>'d' é.tar.xz"#), alone] {
      let bytes = try one.bytes()
      #expect(try one.bytes() == bytes)
      let judged = try lint(bytes, "--noout", "--relaxng", Self.grammar)
      #expect(judged.status == 0, "\(judged.output)")
    }
    // The grammar does not accept everything.
    var homeless = metalink()
    homeless.urls = []
    #expect(try lint(homeless.bytes(), "--noout", "--relaxng", Self.grammar).status != 0)
    #expect(try lint(metalink(name: "../x").bytes(), "--noout", "--relaxng", Self.grammar).status != 0)
    var shallow = metalink()
    shallow.sha256 = "0f"
    #expect(try lint(shallow.bytes(), "--noout", "--relaxng", Self.grammar).status != 0)
  }

  @Test("contains the signature unchanged", .enabled(if: Tool.exists("xmllint")))
  func signature() throws {
    let expression = "string(//*[local-name() = 'signature'])"
    let text = try lint(metalink().bytes(), "--xpath", expression).output
    #expect(text == Self.armored + "\n")
  }

  @Test("can be parsed again", arguments: [0, 1, 3, 500])
  func reading(pieces: Int) throws {
    let written = metalink(name: #"a&b "<c>'d' é.tar.xz"#, pieces: pieces)
    let read = try #require(Metalink(reading: try written.bytes()))
    #expect(read.name == written.name)
    #expect(read.size == written.size)
    #expect(read.sha256 == written.sha256)
    #expect(read.sha512 == written.sha512)
    #expect(read.pieces == written.pieces)
    #expect(read.pieces.cover(read.size))
    #expect(read.claim.digests.algorithms == [.sha256, .sha512])
    #expect(read.claim.size == written.size)
  }

  @Test(
    "from other data is nil, and does no harm",
    arguments: [
      "", "<", "metalink", "<metalink/>", "<metalink xmlns='urn:ietf:params:xml:ns:metalink'/>",
      "<metalink xmlns='urn:ietf:params:xml:ns:metalink'><file name='x'><size>1</size></file></metalink>",
      "<metalink xmlns='urn:ietf:params:xml:ns:metalink'><file name='x'><size>1</size>",
      "<metalink><file name='x'><size>1</size><hash type='sha-256'>00</hash></file></metalink>",
      """
      <!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "/etc/passwd">]>
      <metalink xmlns='urn:ietf:params:xml:ns:metalink'><file name='&b;'><size>&c;</size></file></metalink>
      """,
    ])
  func foreign(text: String) { #expect(Metalink(reading: Array(text.utf8)) == nil) }

  @Test("truncated anywhere is nil")
  func truncated() throws {
    let bytes = try metalink().bytes()
    for count in stride(from: 0, to: bytes.count - 2, by: 7) {
      #expect(Metalink(reading: Array(bytes[..<count])) == nil)
    }
  }

  @Test("has at most 2048 pieces, of at least 1 MiB, whose size is a power of two")
  func pieceLength() {
    #expect(PieceDigests.length(for: 0) == 1 << 20)
    #expect(PieceDigests.length(for: 2048 << 20 - 1) == 1 << 20)
    for shift in 20..<62 {
      let size = Int64(1) << shift + 5
      let length = PieceDigests.length(for: size)
      #expect(length.nonzeroBitCount == 1)
      #expect((size + length - 1) / length <= 2048)
      #expect(length == 1 << 20 || size / length >= 1024)
    }
    #expect(!PieceDigests(length: 0).cover(0))
    #expect(!PieceDigests(length: 1).cover(.max))
    #expect(!PieceDigests(length: 1).cover(-1))
  }

  @Test(
    "has the pieces that split and sha256sum give",
    arguments: [1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_500_000], [true, false])
  func pieces(size: Int, withKernels: Bool) throws {
    var generator = Seeded(state: UInt64(size))
    let content = Data((0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) })
    let mirror = try TestMirror().file("x.tar.xz", content)
    let tarball = try #require(try mirror.scan().folder.tarballs.first)
    var options = HashingOptions()
    if !withKernels { options.instructionSets = [] }
    let hasher = PieceHasher(options, Pace(nil, RunProgress(), Cancellation()))
    let result = try #require(try hasher.hash(tarball, in: AnchoredDirectory(root: mirror.root)))
    let peer = try Tool.run(
      "sh", "-c", "split -b 1M --filter='sha256sum | cut -c1-64' '\(mirror.path("x.tar.xz"))'"
    ).output
    let ours = stride(from: 0, to: result.pieces.digests.count, by: 32).map {
      hex(result.pieces.digests[$0..<($0 + 32)]) + "\n"
    }
    #expect(ours.joined() == peer)
    #expect(result.pieces.cover(Int64(size)))
    let whole = try Tool.run("sha256sum", mirror.path("x.tar.xz")).output.prefix(64)
    #expect(result.whole.digests[.sha256].map(hex) == String(whole))
  }

  @Test("of a cancelled run is nil")
  func cancelled() throws {
    let mirror = try TestMirror().file("x.tar.xz", "x")
    let tarball = try #require(try mirror.scan().folder.tarballs.first)
    let cancellation = Cancellation()
    cancellation.cancel(signal: 2)
    let hasher = PieceHasher(HashingOptions(), Pace(nil, RunProgress(), cancellation))
    #expect(try hasher.hash(tarball, in: AnchoredDirectory(root: mirror.root))?.pieces == nil)
  }

  @Test("of an empty tarball has no pieces")
  func empty() throws {
    let mirror = try TestMirror().file("x.tar.xz", "")
    let tarball = try #require(try mirror.scan().folder.tarballs.first)
    let hasher = PieceHasher(HashingOptions(), Pace(nil, RunProgress(), Cancellation()))
    let result = try #require(try hasher.hash(tarball, in: AnchoredDirectory(root: mirror.root)))
    #expect(result.pieces.digests == [])
    #expect(
      result.whole.digests[.sha256].map(hex)
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test("has URLs in which every special byte is escaped")
  func addresses() {
    #expect(MirrorPath("a/b-c_d.e~1/F").urlPath == "a/b-c_d.e~1/F")
    #expect(MirrorPath(bytes: Array("a b/é%?#\n".utf8) + [0xff]).urlPath == "a%20b/%C3%A9%25%3F%23%0A%FF")
  }
}

@Suite("index: times") struct UTCTextTests {
  @Test(
    "are written like date does", arguments: [0, 1, 951_782_400, 1_795_255_200, 4_102_444_800] as [Int64])
  func moments(seconds: Int64) throws {
    func date(_ format: String) throws -> String {
      try Tool.run("env", "LC_ALL=C", "TZ=UTC", "date", "-d", "@\(seconds)", format).output
    }
    #expect(try date("+%Y-%m-%dT%H:%M:%SZ") == UTCText.internet(seconds) + "\n")
    #expect(try date("-R") == UTCText.mail(seconds) + "\n")
  }
}
