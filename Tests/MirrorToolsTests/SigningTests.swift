import LinuxSystem
import MirrorModel
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

private let pinned = "0123456789ABCDEF0123456789ABCDEF01234567"
private let subkey = "89ABCDEF0123456789ABCDEF0123456789ABCDEF"
private let other = "FFFFFFFF0123456789ABCDEF0123456789ABCDEF"
private let valid = "[GNUPG:] VALIDSIG \(pinned) 2026-11-26 1795664788 0 4 0 22 10 00 \(pinned)"

@Suite("GnuPG's status protocol") struct GnuPGStatusTests {
  @Test(
    "is parsed line by line",
    arguments: [
      ("NEWSIG", .newSignature), ("NEWSIG jane@example.org", .newSignature),
      ("GOODSIG 89ABCDEF01234567 Jane", .good), ("BADSIG 89ABCDEF01234567 Jane", .bad),
      ("EXPSIG 89ABCDEF01234567 Jane", .signatureExpired), ("EXPKEYSIG 8 J", .signedByExpiredKey),
      ("REVKEYSIG 8 J", .signedByRevokedKey),
      (
        "ERRSIG 89ABCDEF01234567 22 10 00 1795664788 9",
        .unchecked(key: "89ABCDEF01234567", hash: 10, isKeyMissing: true)
      ),
      (
        "ERRSIG 89ABCDEF01234567 22 10 00 1795664788 9 \(other)",
        .unchecked(key: other, hash: 10, isKeyMissing: true)
      ),
      (
        "ERRSIG 89ABCDEF01234567 99 10 00 1795664788 4",
        .unchecked(key: "89ABCDEF01234567", hash: 10, isKeyMissing: false)
      ),
      ("NO_PUBKEY 89ABCDEF01234567", .noPublicKey("89ABCDEF01234567")),
      ("INV_SGNR 9 x", .invalidSigner(reason: 9)), ("FAILURE sign 67108949", .failure(code: 85)),
      ("FAILURE sign 17", .failure(code: 17)), ("KEYEXPIRED 1769947200", .keyExpired),
      ("KEYREVOKED", .keyRevoked), ("PINENTRY_LAUNCHED 77 curses 1.2.1 - - -", .pinentryLaunched),
      ("MISSING_PASSPHRASE", .missingPassphrase), ("BAD_PASSPHRASE 8", .badPassphrase),
      ("NO_SECKEY 8", .noSecretKey), ("SC_OP_FAILURE 2", .card), ("CARDCTRL 4", .card), ("NODATA 1", .noData),
      ("ERROR add_keyblock_resource 33587281", .noKeyring), ("ERROR keylist.getkey 9", .other("ERROR")),
      ("KEY_CONSIDERED x 0", .other("KEY_CONSIDERED")),
      // An incomplete line counts for nothing.
      ("GOODSIG", .other("GOODSIG")), ("VALIDSIG \(pinned)", .other("VALIDSIG")),
      ("VALIDSIG DEADBEEF 2026-11-26 1 0 4 0 22 10 00 DEADBEEF", .other("VALIDSIG")),
      ("SIG_CREATED D 22 10 00 1", .other("SIG_CREATED")),
      ("SIG_CREATED S 22 10 01 1 \(pinned)", .other("SIG_CREATED")), ("FAILURE sign", .other("FAILURE")),
    ] as [(String, GnuPGStatus)])
  func lines(line: String, status: GnuPGStatus) {
    #expect(GnuPGStatus("[GNUPG:] \(line)") == status)
  }

  @Test("contains the full keys")
  func keys() throws {
    let fingerprint = try #require(Fingerprint(pinned))
    #expect(GnuPGStatus(valid) == .valid(key: fingerprint, primary: fingerprint, hash: 10))
    #expect(
      GnuPGStatus("[GNUPG:] SIG_CREATED D 22 10 00 1795664788 \(pinned)")
        == .created(key: fingerprint, hash: 10))
  }

  @Test("is separated from messages, which cannot imitate it")
  func parts() {
    let output = """
      gpg: using "x" [GNUPG:] GOODSIG 1 forged
      [GNUPG:] BEGIN_SIGNING H10
       [GNUPG:] GOODSIG 1 forged
      [GNUPG:]
      gpg: done\u{1b}[31m
      """
    let (statuses, messages) = GnuPGStatus.parse(Array(output.utf8))
    #expect(statuses == [.other("BEGIN_SIGNING")])
    #expect(messages.count == 4 && messages.last == "gpg: done\\x1b[31m")
  }
}

@Suite("The verdict on a signature") struct SignatureVerdictTests {
  private static func valid(_ key: String, _ primary: String, hash: Int = 10) -> String {
    "VALIDSIG \(key) 2026-11-26 1795664788 0 4 0 22 \(hash) 00 \(primary)"
  }

  @Test(
    "follows from all status lines of gpgv, with one key trusted",
    arguments: [
      (["NEWSIG", "GOODSIG 8 J", valid(pinned, pinned)], .valid),
      (["NEWSIG", "GOODSIG 8 J", valid(subkey, pinned)], .valid),
      (["GOODSIG 8 J", valid(pinned, pinned)], .valid),
      // gpgv exits with 0 for these.
      (["NEWSIG", "KEYEXPIRED 1", "EXPKEYSIG 8 J", valid(pinned, pinned)], .keyExpired),
      (["NEWSIG", "KEYEXPIRED 1", "EXPKEYSIG 8 J", valid(subkey, pinned)], .subkeyExpired),
      (["NEWSIG", "EXPSIG 8 J", valid(pinned, pinned)], .expired),
      (["NEWSIG", "REVKEYSIG 8 J", valid(pinned, pinned)], .keyRevoked),
      (["NEWSIG", "GOODSIG 8 J", valid(other, other)], .otherKey(other)),
      (["NEWSIG", "GOODSIG 8 J", valid(other, subkey)], .otherKey(other)),
      (["NEWSIG", "BADSIG 8 J"], .bad),
      (["NEWSIG", "GOODSIG 8 J", valid(pinned, pinned, hash: 2)], .weak("SHA-1")),
      (["NEWSIG", "GOODSIG 8 J", valid(other, other, hash: 2)], .otherKey(other)),
      (["NEWSIG", "ERRSIG 8 22 1 00 1 5"], .weak("MD5")),
      (["NEWSIG", "ERRSIG 8 22 10 00 1 9 \(other)", "NO_PUBKEY 8"], .otherKey(other)),
      (["NEWSIG", "ERRSIG 8 99 10 00 1 4"], .unreadable),
      ([], .unreadable), (["NODATA 1", "NODATA 2"], .unreadable),
      // Each half alone proves nothing.
      (["NEWSIG", "GOODSIG 8 J"], .unreadable), (["NEWSIG", valid(pinned, pinned)], .unreadable),
      (["NEWSIG", "GOODSIG 8 J", "NEWSIG", valid(pinned, pinned)], .unreadable),
      // Several signatures in one file.
      (["NEWSIG", "ERRSIG 8 22 10 00 1 9", "NEWSIG", "GOODSIG 8 J", valid(pinned, pinned)], .valid),
      (["NEWSIG", "GOODSIG 8 J", valid(pinned, pinned), "NEWSIG", "BADSIG 8 J"], .bad),
    ] as [([String], SignatureVerdict)])
  func verdicts(lines: [String], verdict: SignatureVerdict) throws {
    let statuses = try lines.map { try #require(GnuPGStatus("[GNUPG:] \($0)")) }
    let fingerprint = try #require(Fingerprint(pinned))
    #expect(SignatureVerdict(statuses, trusting: [fingerprint]) == verdict)
  }
}

@Suite("A fingerprint") struct FingerprintTests {
  @Test("may contain spaces and 0x, in any case, with 40 or 64 digits")
  func spelled() {
    for text in [
      pinned, pinned.lowercased(), "0x\(pinned)", "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567",
    ] { #expect(Fingerprint(text)?.description == pinned) }
    let long = String(repeating: "AB", count: 32)
    #expect(Fingerprint(long)?.description == long)
  }

  @Test("is not a short id, an address, or any other number of digits")
  func refused() {
    for text in [
      "", "DEADBEEF", "0x0123456789ABCDEF", pinned + "00", "jane@example.org", pinned.dropLast() + "G",
    ] {
      #expect(Fingerprint(String(text)) == nil, "\(text)")
    }
    #expect(Fingerprint.isShort("0x0123 4567 89AB CDEF") && !Fingerprint.isShort("jane@example.org"))
  }
}

@Suite("A listing of keys") struct SigningKeyTests {
  private let listing = """
    tru::1:1795664788:0:3:1:5
    pub:u:255:22:0123456789ABCDEF:1700000000:1800000000::u:::scESC:::::ed25519:::0:
    fpr:::::::::\(other):
    uid:u::::1795664788::X::Somebody else::::::::::0:
    sec:u:255:22:89ABCDEF01234567:1700000000:::u:::cSC:::#::ed25519:::0:
    fpr:::::::::\(pinned):
    grp:::::::::0000000000000000000000000000000000000000:
    uid:u::::1795664788::X::Jane \\x3a Doe\\x0a <jane@example.org>::::::::::0:
    uid:u::::1795664788::X::Second::::::::::0:
    ssb:e:255:22:89ABCDEF01234567:1700000000:1750000000:::::s:::+::ed25519::
    fpr:::::::::\(subkey):
    ssb:u:255:22:1111222233334444:1740000000:1790000000:::::s:::+::ed25519::
    fpr:::::::::1111222233334444111122223333444411112222:
    """

  private func key(_ text: String) throws -> SigningKey {
    let fingerprint = try #require(Fingerprint(text))
    return try #require(SigningKey(fingerprint, in: Array(listing.utf8)))
  }

  @Test("shows a primary key, its users, and that a subkey can sign")
  func primary() throws {
    let key = try key(pinned)
    #expect(key.primary == key.fingerprint && key.signer == pinned)
    #expect(key.users == ["Jane : Doe\\n <jane@example.org>", "Second"])
    #expect(key.state == .usable && key.expires == nil && key.secret == .available)
    #expect(key.signsUntil == 1_790_000_000 && key.expiredSigners == ["89ABCDEF01234567"])
  }

  @Test("shows a subkey, which signs only by itself")
  func sub() throws {
    let key = try key(subkey)
    #expect(key.primary == Fingerprint(pinned) && key.signer == "\(subkey)!")
    #expect(key.state == .expired && key.expires == 1_750_000_000 && key.secret == .available)
  }

  @Test("that is damaged, or of other keys, contains no key")
  func damaged() throws {
    let fingerprint = try #require(Fingerprint(pinned))
    for text in ["", ":::", "fpr:::::::::\(pinned):", "pub\nfpr", "sub:\nfpr:::::::::\(pinned):"] {
      #expect(SigningKey(fingerprint, in: Array(text.utf8)) == nil, "\(text)")
    }
    #expect(SigningKey(fingerprint, in: Array("pub\nfpr:::::::::\(pinned):".utf8))?.users == [])
  }
}

@Suite("An index and its signatures") struct CompanionTests {
  @Test("belong together: each is checked, and is not valid for another text")
  func companions() throws {
    let workspace = try Workspace()
    let home = workspace.path.appending("g")
    defer { _ = try? workspace.run(["gpgconf", "--homedir", home.string, "--kill", "all"]) }
    let listing = try workspace.shell(
      """
      mkdir -m 700 g
      gpg --batch --quiet --no-tty --homedir g --passphrase '' --quick-generate-key x ed25519 cert never
      key=$(gpg --batch --homedir g --with-colons --list-keys | awk -F: '/^fpr/ { print $10; exit }')
      gpg --batch --quiet --no-tty --homedir g --passphrase '' --quick-add-key $key ed25519 sign never
      gpg --batch --homedir g --with-colons --list-keys | awk -F: '/^fpr/ { print $10 }'
      """
    ).text.split(separator: "\n")
    let bytes = Array("<subarches/>\n".utf8)
    // By the primary key, which can only certify and signs with its subkey; and by the subkey itself.
    for fingerprint in listing {
      let key = try #require(Fingerprint(fingerprint))
      var settings = SigningSettings(key: key)
      settings.homeDirectory = home
      settings.formats = [.gpg, .asc]
      let (signer, checker) = (try Signer(settings), try SignatureChecker(settings))
      let index = IndexFile(path: "deep/index.xml", bytes: bytes)
      let companions = try signer.companions(of: index)
      #expect(companions.map(\.path) == ["deep/index.xml.gpg", "deep/index.xml.asc"])
      #expect(
        companions.map(\.path)
          == settings.formats.map { index.path.parent.appending($0.signature(of: index.path.name)) })
      for companion in companions {
        #expect(try checker.verdict(on: companion.bytes, of: bytes) == .valid)
        #expect(try checker.verdict(on: companion.bytes, of: bytes + [10]) != .valid)
        #expect(try checker.verdict(on: Array(companion.bytes.dropLast(40)), of: bytes) != .valid)
      }
      #expect(try checker.verdict(on: [], of: bytes) != .valid)
    }
  }
}

@Suite("The reason why gpg does not sign") struct SigningFaultTableTests {
  @Test(
    "is reported with the name of the setting",
    arguments: [
      (["FAILURE sign 67108976"], 2, false, "signing/key: the smartcard of \(pinned) does not sign: no luck"),
      (["SC_OP_FAILURE 1", "FAILURE sign 1"], 2, false, "signing/key: the smartcard of"),
      (["CARDCTRL 4"], 2, false, "signing/key: the smartcard of"),
      (["FAILURE sign 67108941"], 2, false, "signing/homedir: gpg cannot connect to its agent"),
      (
        ["PINENTRY_LAUNCHED 1 tty", "FAILURE sign 83886179"], 2, false,
        "signing/key: \(pinned) is locked by a"
      ),
      (["MISSING_PASSPHRASE"], 2, false, "signing/key: \(pinned) is locked by a passphrase"),
      (["BAD_PASSPHRASE 1"], 2, false, "signing/key: wrong passphrase for \(pinned)"),
      (["INV_SGNR 9 x", "FAILURE sign 17"], 2, false, "signing/key: /g has no secret key for \(pinned)"),
      (["NO_SECKEY x"], 2, false, "signing/key: /g has no secret key"),
      (["KEYEXPIRED 1", "INV_SGNR 5 x"], 2, false, "signing/key: \(pinned) cannot sign: no luck"),
      ([], 2, true, "signing/key: gpg did not answer in time"),
      ([], 0, false, "gpg: succeeded without making a signature"),
      ([], 139, false, "gpg: was killed by signal 11"),
      (["FAILURE sign 1"], 2, false, "gpg: cannot sign with \(pinned): no luck"),
    ] as [([String], Int32, Bool, String)])
  func words(lines: [String], status: Int32, isLate: Bool, message: String) throws {
    let key = try #require(Fingerprint(pinned))
    var settings = SigningSettings(key: key)
    settings.homeDirectory = "/g"
    let answer = GnuPG.Answer(
      status: status, output: [], statuses: lines.compactMap { GnuPGStatus("[GNUPG:] \($0)") },
      messages: ["gpg: trying", "gpg: no luck"], isLate: isLate)
    let error = SigningFault.of(answer, settings)
    #expect("\(error)".hasPrefix(message), "\(error)")
    #expect(error.remedy != nil)
  }
}
