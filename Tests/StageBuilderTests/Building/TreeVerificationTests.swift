import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("The signature of a package tree", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct TreeVerificationTests {
  /// A site with a package tree, and two keys: `good` in good.asc, and `evil`.
  private static func site(_ type: String) throws -> BuildSite {
    let site = try BuildSite(isPrepared: false)
    try site.workspace.shell(
      """
      mkdir -m 700 g; gpg() { command gpg --homedir g --batch --quiet --no-tty --yes "$@" 2> /dev/null; }
      for key in good evil; do gpg --passphrase '' --quick-generate-key $key@example.org ed25519 sign never; done
      gpg --armor --export good@example.org > good.asc; gpg --armor --export > all.asc; gpg --export evil@example.org > evil.gpg
      gpg --with-colons --list-keys good@example.org | grep -m 1 ^fpr | cut -d : -f 10 > good.fpr
      sed -i 's|source/type: local|source/type: \(type)|' conf
      printf '[section snapshot]\\nverify: %s/good.asc\\n' "$PWD" >> conf
      """)
    return site
  }

  private static let gpg =
    "gpg() { command gpg --homedir \"$top/g\" --batch --quiet --no-tty --yes \"$@\" 2> /dev/null; }; top=$PWD"

  private static func succeeds(_ site: BuildSite) throws -> (status: Int32, text: String) {
    let outcome = try site.run(["snapshot", "std", "2026-11-22"])
    let files = try site.workspace.shell("ls mirror/std/snapshots 2> /dev/null || :").text
    if outcome.status != 0 { #expect(files == "") }
    try site.workspace.shell("rm -rf mirror/std")
    return (outcome.status, outcome.errorText)
  }

  private static func set(_ site: BuildSite, _ keys: String) throws {
    try site.workspace.shell("sed -i \"s|^verify:.*|verify: \(keys)|\" conf")
  }

  @Test("of git must be made by a pinned key on the commit that is used")
  func git() throws {
    let site = try Self.site("git")
    func commit(_ options: String) throws {
      try site.workspace.shell(
        """
        \(Self.gpg); \(MetaRepositorySite.environment); export GNUPGHOME=$PWD/g
        [ -d tree/.git/refs ] || { rm -rf tree/.git; git -C tree init -q -b master; }
        date +%N > tree/profiles/time; git -C tree add .; git -C tree commit -q \(options) -m commit
        """)
    }
    try commit("--gpg-sign=good@example.org")
    #expect(try Self.succeeds(site) == (0, ""))
    try Self.set(site, "$PWD/all.asc $(cat good.fpr)")
    #expect(try Self.succeeds(site).status == 0)
    try Self.set(site, "off")
    #expect(try Self.succeeds(site).status == 0)
    // In the file of keys, but not pinned.
    try commit("--gpg-sign=evil@example.org")
    try Self.set(site, "$PWD/all.asc $(cat good.fpr)")
    #expect(try Self.succeeds(site).text.contains("is not used: its signature was made by another key"))
    try Self.set(site, "$PWD/evil.gpg")
    #expect(try Self.succeeds(site).status == 0)
    try commit("--no-gpg-sign")
    try Self.set(site, "$PWD/good.asc")
    let (status, text) = try Self.succeeds(site)
    #expect(status == 1)
    #expect(text.contains("has no OpenPGP signature, so that it is not used: check the source, and the keys"))
    // The signature of another commit.
    try site.workspace.shell(
      """
      \(Self.gpg); \(MetaRepositorySite.environment); export GNUPGHOME=$PWD/g; cd tree
      git commit -q --allow-empty --gpg-sign=good@example.org -m signed
      git cat-file commit HEAD | sed 's/^signed$/forged/' > ../forged
      git update-ref refs/heads/master "$(git hash-object -t commit -w ../forged)"
      """)
    #expect(try Self.succeeds(site).text.contains("is not used: its signature does not match the file"))
    for wrong in ["good.asc", "$PWD/missing.asc", "$PWD/good.asc 12345678", "$PWD/conf"] {
      try Self.set(site, wrong)
      #expect(try Self.succeeds(site).text.contains("snapshot/verify: "), "\(wrong)")
    }
  }

  @Test("of a Manifest covers every file of the tree", arguments: ["local", "rsync"])
  func manifest(type: String) throws {
    let site = try Self.site(type)
    try site.workspace.shell(
      """
      \(Self.gpg); rm -rf tree/.git; cd tree; mkdir -p app-misc/x/files metadata/cache distfiles 'odd name'
      echo patch > app-misc/x/files/a.patch; echo cached > metadata/cache/x; echo any > distfiles/x.tar; echo s > 'odd name/f'
      entry() { tag=$1 path=$2; shown=$(printf %s "${3-$2}" | sed 's/ /\\\\x20/g')
        echo "$tag $shown $(stat -c %s "$path") BLAKE2B $(b2sum < "$path" | cut -d ' ' -f 1) SHA512 $(sha512sum < "$path" | cut -d ' ' -f 1)"; }
      (cd app-misc/x; entry AUX files/a.patch a.patch; entry EBUILD x-1.ebuild; echo 'DIST x.tar 5 SHA512 00') > app-misc/x/Manifest
      (cd metadata; entry DATA cache/x; printf 'IGNORE timestamp\\nOPTIONAL news\\n') | gzip -n > metadata/Manifest.gz
      echo later > metadata/timestamp
      { echo 'TIMESTAMP 2026-11-20T10:00:00Z'; entry MANIFEST app-misc/x/Manifest; entry MANIFEST metadata/Manifest.gz
        entry DATA profiles/repo_name; entry DATA 'odd name/f'; echo IGNORE distfiles; } > ../plain
      cd ..; gpg -u good@example.org --clearsign -o tree/Manifest plain; gpg -u evil@example.org --clearsign -o evil plain
      cp -a tree good
      """)
    let first = try Self.succeeds(site)
    #expect(first.status == 0, "\(first.text)")
    for (change, message) in [
      ("echo x >> tree/app-misc/x/x-1.ebuild", "app-misc/x/x-1.ebuild: has 9 bytes instead of 7"),
      (
        // rsync sends no file of the same size and second.
        "echo xATCH > tree/app-misc/x/files/a.patch; touch -d 2026-11-20 tree/app-misc/x/files/a.patch",
        "files/a.patch: does not have the SHA512 digest in its Manifest"
      ),
      ("rm tree/metadata/cache/x", "metadata/cache/x: is missing, but a Manifest names it"),
      ("rm -r tree/app-misc", "app-misc/x/Manifest: is missing, but a Manifest names it"),
      ("echo more > tree/profiles/more", "profiles/more: is in no Manifest"),
      ("echo more > tree/metadata/news", "metadata/news: must not be there"),
      ("ln -s /etc/passwd tree/profiles/link", "profiles/link: is neither a file nor a directory"),
      ("ln -sfn ../../good/profiles tree/profiles/x", "profiles/x: is neither"),
      ("gzip -nc plain > tree/metadata/Manifest.gz", "metadata/Manifest.gz: has"),
      ("cp evil tree/Manifest", "is not used: the signature of its Manifest was made by another key"),
      ("cp plain tree/Manifest", "is not used: the signature of its Manifest is not a signature"),
      ("sed -i s/distfiles/app-misc/ tree/Manifest", "signature of its Manifest does not match"),
      ("rm tree/Manifest", "has no Manifest"),
    ] {
      try site.workspace.shell("rm -rf tree; cp -a good tree; \(change)")
      let (status, text) = try Self.succeeds(site)
      #expect(status == 1)
      #expect(text.contains(message), "\(change): \(text)")
    }
  }

  @Test("is not guessed from lines that are not understood")
  func lines() throws {
    let sum = String(repeating: "ab", count: 64)
    func manifest(_ line: String) throws -> TreeManifest {
      try TreeManifest(Array("\(line)\n".utf8), in: Array("dir".utf8), subject: "Manifest")
    }
    #expect(
      try manifest(#"DATA a\x20b 1 SHA512 \#(sum) NEW 00"#).files.keys.map {
        String(decoding: $0, as: UTF8.self)
      } == ["dir/a b"])
    for line in [
      "DATA ../x 1 SHA512 \(sum)", "DATA /x 1 SHA512 \(sum)", "DATA a//b 1 SHA512 \(sum)",
      "DATA x -1 SHA512 \(sum)",
      "DATA x 1", "DATA x 1 MD5 00", "DATA x 1 SHA512 \(sum.dropLast())", "DATA x 1 SHA512",
      #"DATA a\q 1 SHA512 \#(sum)"#,
      "IGNORE ..", "IGNORE", "FILE x 1 SHA512 \(sum)", #"DATA \x2e\x2e/x 1 SHA512 \#(sum)"#,
      "DATA x 1 SHA512 \(sum)\nDATA x 2 SHA512 \(sum)",
    ] { #expect(throws: (any Error).self, "\(line)") { try manifest(line) } }
  }
}
