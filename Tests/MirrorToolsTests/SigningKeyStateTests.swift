import TestSupport
import Testing

@testable import MirrorTools

private let pinned = "0123456789ABCDEF0123456789ABCDEF01234567"

@Suite("Whether a key can sign") struct SigningKeyStateTests {
  /// The key, given the primary key and its subkeys: each with validity, expiry and uses.
  private func key(_ primary: String, _ subkeys: [String]) throws -> SigningKey {
    func record(_ kind: String, _ key: String, _ number: Int) -> String {
      let parts = key.split(separator: " ", omittingEmptySubsequences: false)
      return
        "\(kind):\(parts[0]):255:22:000000000000000\(number):1700000000:\(parts[1]):::::\(parts[2]):::+::ed25519::"
    }
    var lines = [record("sec", primary, 0), "fpr:::::::::\(pinned):"]
    for (number, subkey) in subkeys.enumerated() {
      lines += [
        record("ssb", subkey, number + 1), "fpr:::::::::\(String(repeating: "\(number)", count: 40)):",
      ]
    }
    let fingerprint = try #require(Fingerprint(pinned))
    return try #require(SigningKey(fingerprint, in: Array(lines.joined(separator: "\n").utf8)))
  }

  @Test(
    "follows from the uses and expiry of it and its subkeys",
    arguments: [
      ("u  scSC", [], .usable, nil), ("u 900 scSC", [], .usable, 900),
      ("e 900 scSC", ["u  s"], .expired, 900),
      ("u  cC", [], .certifyOnly, nil), ("u 900 cC", ["u  e"], .certifyOnly, 900),
      ("u  cC", ["e 500 s"], .signerExpired, 500), ("u  cC", ["e 500 s", "r  s"], .signerExpired, 500),
      ("u  cC", ["r  s"], .signerRevoked, nil), ("r  cC", ["u  s"], .revoked, nil),
      ("u  cC", ["e 500 s", "u 800 s"], .usable, 800), ("u 700 cC", ["u 800 s"], .usable, 700),
      ("u 700 cC", ["u  s", "u 600 s"], .usable, 700), ("u  cC", ["u 800 s", "u 900 e"], .usable, 800),
    ] as [(String, [String], SigningKey.State, Int64?)])
  func states(primary: String, subkeys: [String], state: SigningKey.State, end: Int64?) throws {
    let key = try key(primary, subkeys)
    #expect(key.state == state && key.signsUntil == end)
    #expect((key.objection == nil) == (state == .usable))
  }

  @Test("is warned about from 30 days before its expiry, and no sooner")
  func notice() throws {
    let (key, day) = (try key("u  cC", ["u 100000000 s"]), Int64(86_400))
    #expect(key.warning(at: 100_000_000 - 31 * day) == nil)
    #expect(
      "\(try #require(key.warning(at: 100_000_000 - 29 * day)))".contains("in 29 days: extend it with gpg"))
    #expect(try self.key("u  scSC", []).warning(at: .max) == nil)
  }
}

@Suite("The key named in a signature") struct SignatureIssuerTests {
  private static let id: [UInt8] = [0x89, 0xab, 0xcd, 0xef, 1, 2, 3, 4]
  private static let print: [UInt8] = Array(repeating: 7, count: 12) + id

  /// A packet of version 4 with these subpackets.
  private static func packet(_ hashed: [UInt8], _ unhashed: [UInt8]) -> [UInt8] {
    let body =
      [4, 0, 22, 10, 0, UInt8(hashed.count)] + hashed + [0, UInt8(unhashed.count)] + unhashed + [1, 2]
    return [0x88, UInt8(body.count)] + body
  }

  private static let whole = packet([22, 33, 4] + print, [9, 16] + id)

  @Test("is read from either subpacket, also armoured, and from several packets")
  func read() {
    let name: Set<String> = ["89ABCDEF01020304"]
    #expect(SignatureIssuer.keyIDs(in: Self.whole) == name)
    #expect(SignatureIssuer.keyIDs(in: Self.packet([22, 33, 4] + Self.print, [])) == name)
    #expect(SignatureIssuer.keyIDs(in: Self.packet([], [9, 16] + Self.id)) == name)
    let old: [UInt8] = [0x88, 19, 3, 5, 0, 0, 0, 0, 0] + Self.id + [22, 10, 1, 2]
    #expect(SignatureIssuer.keyIDs(in: old) == name)
    #expect(SignatureIssuer.keyIDs(in: old + Self.packet([], [9, 16] + Self.id.reversed())).count == 2)
  }

  @Test("is not found in other data, and no bytes do harm")
  func hostile() {
    var random = Seeded(state: 9)
    for _ in 0..<20_000 {
      var bytes = Self.whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      #expect(
        SignatureIssuer.keyIDs(in: Array(bytes.prefix(Int.random(in: 0...60, using: &random)))).count <= 9)
    }
    for bytes in [
      [], [0x80], [0xff], [0xc2, 0xff, 0xff, 0xff, 0xff, 0xff], Array("-----BEGIN PGP SIGNATURE-----".utf8),
    ] {
      #expect(SignatureIssuer.keyIDs(in: bytes) == [])
    }
  }
}
