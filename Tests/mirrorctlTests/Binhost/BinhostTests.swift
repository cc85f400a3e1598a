import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Binary packages", .enabled(if: BinhostSite.isPossible))
struct BinhostTests {
  private static let hello = "app-misc/hello/hello-1.0-1.gpkg.tar"

  @Test("index writes Packages from the packages, and only if it changes; the header is kept")
  func index() throws {
    let site = try BinhostSite("[section path/mirror]\nowner:\n")
    try site.workspace.shell(
      "printf 'ARCH: amd64\\nCHOST: x86_64-pc-linux-gnu\\nTIMESTAMP: 1480000000\\nVERSION: 0\\n\\n' > mirror/\(BinhostSite.tree)/Packages"
    )
    try site.package(
      "app-misc/hello-1.0", 1, "USE=a c", "RDEPEND=a? ( x/y[b?,c=] ) || ( d? ( x/z ) x/w ) x/v",
      "MTIME=1480000100",
      "DESCRIPTION=not in an index")
    try site.package("app-misc/old-2", 0, "FORMAT=tbz2", "SLOT=2/3")
    try site.package("app-misc/mid-2-r1", 4, "FORMAT=xpak")
    let first = try site.run("index")
    #expect(first.status == 0, "\(first.errorText)")
    let text = try #require(site.text())
    #expect(text.hasPrefix("ARCH: amd64\nCHOST: x86_64-pc-linux-gnu\nPACKAGES: 3\nTIMESTAMP: "), "\(text)")
    #expect(
      site.named() == [Self.hello, "app-misc/mid/mid-2-r1-4.xpak", "app-misc/old-2.tbz2"], "\(text)")
    let stanza = site.stanza(Self.hello)
    #expect(stanza.contains("\nRDEPEND: x/y[c] x/w x/v\n"), "\(stanza)")
    #expect(stanza.contains("\nMTIME: 1480000100\nREPO: gentoo"), "\(stanza)")
    // Clients take these from the header.
    #expect(!stanza.contains("CHOST") && !stanza.contains("SLOT"))
    #expect(site.stanza("app-misc/old-2.tbz2").contains("\nSLOT: 2/3\n"))
    let copy = try site.workspace.shell("gzip -dc mirror/\(BinhostSite.tree)/Packages.gz")
    #expect(copy.text == text)
    #expect(try site.run("index").text == "")
    #expect(site.text() == text)
    try site.package("app-misc/hello-1.1")
    #expect(
      try site.run("index", "--format", "packages").text.contains("\(BinhostSite.tree)/Packages written"))
    #expect(site.named().contains("app-misc/hello/hello-1.1-1.gpkg.tar"))
    #expect(site.stanza(Self.hello) == stanza)
  }

  @Test(
    "what is not a sound package is reported, is not in Packages, and does not stop the rest",
    arguments: [
      "BREAK=image", "BREAK=manifest", "BREAK=member", "CATEGORY=other", "SLOT=", "RDEPEND=a? ( b/c",
    ])
  func invalid(fault: String) throws {
    let site = try BinhostSite()
    try site.package("app-misc/hello-1.0")
    try site.package("app-misc/bad-1.0", 1, fault)
    let outcome = try site.run("index", "--format", "packages")
    #expect(
      outcome.status == 3 && outcome.errorText.contains("/bad-1.0-1.gpkg.tar: "), "\(outcome.errorText)")
    #expect(site.named() == [Self.hello])
    let verdict = try site.run("verify")
    #expect(verdict.text.contains("damaged") && verdict.status == 3, "\(verdict.text)")
  }

  @Test("verify finds corrupt, replaced, missing and unlisted packages, and a wrong copy of the index")
  func verify() throws {
    let site = try BinhostSite()
    for name in ["a", "b", "c", "d"] { try site.package("app-misc/\(name)-1.0", 1, "MTIME=1480000100") }
    try site.run("index", "--format", "packages")
    let sound = try site.run("verify")
    #expect(sound.status == 0 && sound.text.contains("4 ok"), "\(sound.text)\(sound.errorText)")
    let tree = "mirror/\(BinhostSite.tree)"
    try site.workspace.shell(
      """
      cd \(tree); f=app-misc/a/a-1.0-1.gpkg.tar
      printf '?' | dd of=$f bs=1 seek=3000 conv=notrunc status=none; touch -d @1480000100 $f
      rm app-misc/c/c-1.0-1.gpkg.tar
      cp Packages.gz old.gz; echo >> Packages; mv old.gz Packages.gz
      """)
    try site.package("app-misc/b-1.0", 1, "IMAGE=new")
    try site.package("app-misc/e-1.0")
    let outcome = try site.run("verify")
    #expect(outcome.status == 4)
    for line in [
      "corrupt    \(site.workspace.mirror)/\(BinhostSite.tree)/app-misc/a/a-1.0-1.gpkg.tar (content differs from Packages)",
      "changed    \(site.workspace.mirror)/\(BinhostSite.tree)/app-misc/b/b-1.0-1.gpkg.tar (replaced after Packages was written)",
      "orphan     \(site.workspace.mirror)/\(BinhostSite.tree)/Packages (app-misc/c/c-1.0-1.gpkg.tar does not exist)",
      "ok         \(site.workspace.mirror)/\(BinhostSite.tree)/app-misc/d/d-1.0-1.gpkg.tar",
      "undigested \(site.workspace.mirror)/\(BinhostSite.tree)/app-misc/e/e-1.0-1.gpkg.tar (is not in Packages)",
      "changed    \(site.workspace.mirror)/\(BinhostSite.tree)/Packages.gz (differs from Packages)",
    ] { #expect(outcome.text.contains(line + "\n"), "\(line)\n\(outcome.text)") }
    let one = try site.run("verify", "\(BinhostSite.tree)/app-misc/d")
    #expect(one.text.contains("1 ok"), "\(one.text)")
    let json = try site.run("verify", "--json")
    #expect(json.status == 4)
  }

  @Test("packages must be signed by the key in the configuration, whole")
  func signatures() throws {
    let site = try BinhostSite()
    let key = try SignedMirror.make(.good, home: "g", in: site.workspace)
    let other = try SignedMirror.make(.good, home: "h", in: site.workspace)
    defer {
      for home in ["g", "h"] { _ = try? site.workspace.shell("gpgconf --homedir \(home) --kill all") }
    }
    try site.configure("[section binhost]\nkey: \(key)\nhomedir: \(site.workspace.path)/g\n")
    let home = "HOME=\(site.workspace.path)"
    try site.package("app-misc/good-1.0", 1, "KEY=\(key)", "\(home)/g")
    try site.package("app-misc/plain-1.0")
    try site.package("app-misc/other-1.0", 1, "KEY=\(other)", "\(home)/h")
    try site.package("app-misc/forged-1.0", 1, "KEY=\(key)", "\(home)/g", "BREAK=image")
    try site.run("index", "--format", "packages")
    let outcome = try site.run("verify")
    #expect(outcome.status == 3)
    let text = outcome.text
    #expect(text.contains(/ok .*\/good-1.0-1.gpkg.tar\n/), "\(text)\(outcome.errorText)")
    #expect(text.contains(/unsigned .*\/plain-1.0-1.gpkg.tar/), "\(text)")
    #expect(text.contains(/missigned .*\/other-1.0-1.gpkg.tar/), "\(text)")
    #expect(text.contains(/damaged .*\/forged-1.0-1.gpkg.tar/), "\(text)")
  }

  @Test(
    "clean keeps the newest builds of each slot, takes others out of Packages first, and waits for unlisted ones"
  )
  func clean() throws {
    let site = try BinhostSite("[section binhost]\nkeep: 2\ngrace: 0\n")
    for build in 1...3 { try site.package("app-misc/hello-1.0", build) }
    try site.package("app-misc/hello-2.0", 9)
    try site.package("app-misc/hello-0.1", 1, "SLOT=legacy/1")
    try site.run("index", "--format", "packages")
    try site.workspace.shell(
      """
      mkdir elsewhere; touch elsewhere/far-1-1.gpkg.tar; cd mirror/\(BinhostSite.tree)
      touch .mirrorctl-1-00.tmp app-misc/.mirrorctl-1-01.tmp; mkdir app-misc/gone; echo x > app-misc/gone/gone-1-1.gpkg.tar; echo x > kept
      ln -s '\(site.workspace.path)/elsewhere' app-misc/link; sleep 2
      """
    )
    let planned = try site.run("clean", "--apply", "--dry-run")
    #expect(
      planned.text.contains("hello-1.0-1.gpkg.tar: older than the newest 2 of app-misc/hello:0"),
      "\(planned.text)")
    let outcome = try site.run("clean", "--apply")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    let left = try site.workspace.shell("cd mirror/\(BinhostSite.tree); find . -type f | sort").text
    #expect(
      left == """
        ./Packages
        ./Packages.gz
        ./app-misc/hello/hello-0.1-1.gpkg.tar
        ./app-misc/hello/hello-1.0-3.gpkg.tar
        ./app-misc/hello/hello-2.0-9.gpkg.tar
        ./kept

        """, "\(left)")
    #expect(site.named().count == 3)
    #expect(try site.run("verify").status == 0)
    #expect(try site.workspace.shell("ls elsewhere").text == "far-1-1.gpkg.tar\n")
  }

  @Test("packages of a tree without a sound index are never removed")
  func noIndex() throws {
    let site = try BinhostSite("[section binhost]\ngrace: 0\npaths: std/binpackages/other\n")
    try site.package("app-misc/hello-1.0")
    try site.workspace.shell(
      "mkdir -p mirror/std/binpackages/other; cp mirror/\(BinhostSite.tree)/\(Self.hello) mirror/std/binpackages/other/; sleep 2"
    )
    #expect(try site.run("clean", "--apply").status == 0)
    #expect(site.text(Self.hello) != nil)
    let lines = try site.workspace.shell("ls mirror/std/binpackages/other").text
    #expect(lines == "hello-1.0-1.gpkg.tar\n")
  }
}
