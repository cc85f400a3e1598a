import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A build that offers its packages, the server of the published mirror, and the root of a machine that uses it.
private final class BinhostRoot {
  static let tree =
    PortageSite.subarch[0] + "/" + PortageSite.subarch[1] + "/binpackages/" + PortageSite.subarch[2]
  private static let version = "2026-11-23"

  let site: PortageSite
  let server: WebServer
  let key: String
  var workspace: Workspace { site.workspace }

  init() throws {
    let workspace = try Workspace()
    try workspace.shell("mkdir www; mkdir -m 700 g")
    let server = try WebServer(workspace.path.appending("www"), in: workspace.path.appending("web"))
    let gpg = "gpg --batch --quiet --no-tty --homedir g"
    try workspace.shell(
      "\(gpg) --passphrase '' --quick-generate-key 'Packages <p@example.org>' ed25519 sign never")
    let listed = try workspace.shell("\(gpg) --with-colons --list-keys").text
    key =
      listed.split(separator: "\n").first { $0.hasPrefix("fpr:") }?.split(separator: ":").last.map(
        String.init) ?? ""
    self.server = server
    site = try PortageSite(
      """
      [section emerge]
      packages: app-misc/extra
      [section build]
      binhost: yes
      [section binhost]
      key: \(key)
      homedir: \(workspace.path)/g
      url: \(server.address)/
      keep: 2
      grace: 0
      [section publish/www]
      to: \(workspace.path)/www
      delete: yes
      keep-remote-grace: 15m
      """, programs: ["gpg", "gpg-agent", "gpgv"], in: workspace)
    let built = try site.build("quick", Self.version)
    let log = site.text("\(Self.version)/log/stage3-quick.txt") ?? ""
    guard built.status == 0 else { throw PortageSite.Failure(message: "\(built.errorText)\n\(log)") }
  }

  deinit { _ = try? workspace.shell("gpgconf --homedir g --kill all") }

  /// The tarball of the stage.
  var stage: String { "\(Self.version)/stage3-\(PortageSite.subarch[2])-gentoo-\(Self.version).tar" }

  func run(_ arguments: String...) throws -> Outcome {
    try workspace.run(
      ["env", "MIRRORCTL_CONFIG=\(workspace.path.appending("conf"))", Program.path.string] + arguments)
  }

  /// The index in the mirror.
  var index: String {
    (try? String(contentsOfFile: "\(workspace.mirror)/\(Self.tree)/Packages", encoding: .utf8)) ?? ""
  }

  /// Unpacks the stage as the root of a machine that trusts the key.
  func unpack() throws {
    try workspace.shell(
      """
      mkdir client; tar -xpf '\(site.path)/\(stage)' -C client; mkdir -p client/var/db/repos/gentoo client/etc/portage/gnupg
      cp -R tree/. client/var/db/repos/gentoo; rm -f client/etc/portage/binrepos.conf/gentoo.conf
      export GNUPGHOME=$PWD/client/etc/portage/gnupg; chmod 700 $GNUPGHOME
      gpg --batch --quiet --homedir g --export \(key) | gpg --batch --quiet --import
      echo '\(key):6:' | gpg --batch --quiet --import-ownertrust
      gpg --batch --quiet --check-trustdb; chmod -R ugo+rX $GNUPGHOME
      printf '%s\\n' '#!/usr/bin/python3' 'import sys, urllib.request' 'urllib.request.urlretrieve(sys.argv[1], sys.argv[2])' > client/usr/bin/fetch
      chmod 755 client/usr/bin/fetch
      cat >> client/etc/portage/make.conf << 'END'
      FETCHCOMMAND="/usr/bin/fetch \\${URI} \\${DISTDIR}/\\${FILE}"
      RESUMECOMMAND="${FETCHCOMMAND}"
      FEATURES="binpkg-multi-instance -sandbox -usersandbox -ipc-sandbox -network-sandbox -pid-sandbox -mount-sandbox -userpriv -usersync -news"
      PORTAGE_TRUST_HELPER=""
      END
      """)
  }

  /// Runs a command in that root.
  func inClient(_ command: String) throws -> Outcome {
    try workspace.run([
      "unshare", "--mount", "sh", "-euc",
      "cd '\(workspace.path)'; mount -t proc proc client/proc; mount --rbind /dev client/dev; mkdir -p client/run/lock; exec chroot client /bin/bash -lc \"$1\" 2>&1",
      "sh", command,
    ])
  }
}

@Suite("Binary packages for real Portage", .enabled(if: PortageSite.isPossible))
struct PortageBinhostTests {
  /// How often a package is installed while the binhost is updated.
  private static let rounds = Soak.isFull ? 200 : 4

  @Test(
    "a build offers its signed packages; Packages is as emaint writes it; Portage installs from the published tree while it is updated"
  )
  func binhost() throws {
    let root = try BinhostRoot()
    try builtPackages(root)
    try root.unpack()
    try sameAsEmaint(root)
    try dependencies(root)
    let published = try root.run("publish")
    try #require(published.status == 0, "\(published.errorText)")
    try updates(root)
    let verified = try root.run("verify", "--quiet", BinhostRoot.tree)
    #expect(verified.status == 0, "\(verified.text)\(verified.errorText)")
  }

  /// Checks what the build left in the mirror and in the stage.
  private func builtPackages(_ root: BinhostRoot) throws {
    #expect(root.index.contains("\nPATH: app-misc/extra/extra-1.0-1.gpkg.tar\n"), "\(root.index)")
    #expect(root.index.contains("PROFILE: default/linux/"), "\(root.index)")
    let verified = try root.run("verify", "--quiet", BinhostRoot.tree)
    #expect(verified.status == 0, "\(verified.text)\(verified.errorText)")
    let repository = try root.site.file("./etc/portage/binrepos.conf/mirrorctl.conf", in: root.stage)
    #expect(
      repository == """
        [mirrorctl]
        priority = 10
        sync-uri = \(root.server.address)/\(BinhostRoot.tree)
        location = /var/cache/binhost/mirrorctl
        verify-signature = true

        """)
    let names = try root.site.names(in: root.stage)
    #expect(
      !names.contains {
        $0.contains("mirrorctl-signing") || $0.contains("mirrorctl-gnupg") || $0.contains("private-keys")
      })
    // The same build again adds nothing.
    let before = root.index
    #expect(try root.site.build("quick", "2026-11-23").status == 0)
    #expect(root.index == before)
  }

  /// Compares the entries of an index that mirrorctl writes with those of `emaint binhost`.
  private func sameAsEmaint(_ root: BinhostRoot) throws {
    let tree = "\(root.workspace.mirror)/\(BinhostRoot.tree)"
    try root.workspace.shell("cp -a '\(tree)' client/tmp/pkgs; rm client/tmp/pkgs/Packages*")
    let fixed = try root.inClient("FEATURES=-compress-index PKGDIR=/tmp/pkgs emaint --fix binhost")
    #expect(fixed.status == 0, "\(fixed.text)")
    let theirs = try String(
      contentsOfFile: "\(root.workspace.path)/client/tmp/pkgs/Packages", encoding: .utf8)
    try root.workspace.shell("rm '\(tree)'/Packages*; : > '\(tree)/Packages'")
    #expect(try root.run("index", "--quiet").status == 0)
    // Settings in a header are those of a machine.
    func entries(_ text: String) -> [Set<Substring>] {
      let chost = text.split(separator: "\n").filter { $0.hasPrefix("CHOST: ") }.prefix(1)
      return text.components(separatedBy: "\n\n").dropFirst().filter { !$0.isEmpty }.map { stanza in
        Set(stanza.split(separator: "\n").filter { !$0.hasPrefix("REPO_REVISIONS:") } + chost)
      }
    }
    #expect(entries(root.index) == entries(theirs), "\(root.index)\n\(theirs)")
    #expect(!entries(theirs).isEmpty)
    // With `index: emaint`, Portage's own program writes it in the mirror, with the settings of its machine.
    try root.workspace.shell(
      """
      cp conf conf.own; sed -i 's/^keep: 2$/keep: 2\\nindex: emaint/' conf; mkdir bin client/tmp/host
      cat > bin/emaint << 'END'
      #!/bin/sh
      export PKGDIR
      exec unshare --mount sh -euc 'cd "\(root.workspace.path)"; mount --bind "$PKGDIR" client/tmp/host
        mount -t proc proc client/proc; mount --rbind /dev client/dev
        exec chroot client /bin/bash -lc "PKGDIR=/tmp/host emaint $*"' sh "$@"
      END
      chmod 755 bin/emaint; rm '\(tree)'/Packages*; : > '\(tree)/Packages'
      export PATH="$PWD/bin:$PATH"; MIRRORCTL_CONFIG=conf '\(Program.path)' index --quiet
      """)
    #expect(entries(root.index) == entries(theirs), "\(root.index)")
    #expect(root.index.contains("\nACCEPT_"), "\(root.index)")
    try root.workspace.shell(
      """
      mv conf.own conf; rm '\(tree)'/Packages*; : > '\(tree)/Packages'
      MIRRORCTL_CONFIG=conf '\(Program.path)' index --quiet
      """)
    #expect(entries(root.index) == entries(theirs) && !root.index.contains("\nACCEPT_"), "\(root.index)")
  }

  /// Compares resolved dependencies with Portage's.
  private func dependencies(_ root: BinhostRoot) throws {
    let texts = [
      "a? ( x/y ) !a? ( x/z )", "|| ( x/a x/b )", "|| ( a? ( x/a ) x/b )", "|| ( c? ( x/a ) x/b )",
      "|| ( ( x/a x/b ) x/c )", "( ( x/a ) x/b )", "|| ( || ( x/a x/b ) x/c )",
      "|| ( a? ( x/a x/b ) c? ( x/d ) )",
      "a? ( || ( x/a ) ) x/b[a?,c?,!a?,!c?,a=,c=,!a=,!c=,q(+)]", ">=x/a-1:2=[a(+)?] !!x/b",
      "|| ( ( a? ( x/a ) ) )",
      "|| ( ( || ( x/a x/b ) ) x/c )", "a? ( b? ( x/a x/b ) || ( x/c b? ( x/d ) ) )",
      "|| ( ( x/a ) ( c? ( x/b ) ) )",
      "|| ( b? ( ( x/a x/b ) ) )", "|| ( a? ( ( x/a x/b ) ) x/c )",
    ]
    let script = """
      import sys; sys.path.insert(0, '/usr/lib/python3/dist-packages')
      from portage.dep import Atom, paren_enclose, use_reduce
      for line in sys.stdin: print(paren_enclose(use_reduce(line.strip(), uselist=frozenset('ab'), token_class=Atom)))
      """
    try Data(script.utf8).write(to: URL(fileURLWithPath: "\(root.workspace.path)/client/tmp/reduce.py"))
    try Data((texts.joined(separator: "\n") + "\n").utf8).write(
      to: URL(fileURLWithPath: "\(root.workspace.path)/client/tmp/texts"))
    let theirs = try root.inClient("python3 /tmp/reduce.py < /tmp/texts").text
    let tree = "\(root.workspace.path)/dependencies/std/binpackages/t"
    try root.workspace.shell("mkdir -p '\(tree)'; : > '\(tree)/Packages'")
    let script2 = FilePath(#filePath).removingLastComponent().appending("Portage/make-package").string
    for (number, text) in texts.enumerated() {
      let made = try root.workspace.run([script2, tree, "x/p-\(number)", "0", "USE=a b", "RDEPEND=\(text)"])
      #expect(made.status == 0, "\(made.errorText)")
    }
    let indexed = try root.run("index", "--quiet", "--mirror", "\(root.workspace.path)/dependencies")
    #expect(indexed.status == 0, "\(indexed.errorText)")
    let index = try String(contentsOfFile: "\(tree)/Packages", encoding: .utf8)
    let stanzas = index.components(separatedBy: "\n\n")
    for (number, line) in theirs.split(separator: "\n", omittingEmptySubsequences: false).prefix(texts.count)
      .enumerated()
    {
      let stanza = stanzas.first { $0.contains("CPV: x/p-\(number)\n") } ?? ""
      let ours = stanza.split(separator: "\n").first { $0.hasPrefix("RDEPEND: ") }?.dropFirst(9) ?? ""
      #expect(ours == line, "\(texts[number])")
    }
  }

  /// Installs a package again and again while the tree is updated.
  private func updates(_ root: BinhostRoot) throws {
    let script = FilePath(#filePath).removingLastComponent().appending("Portage/make-package").string
    let tree = "mirror/\(BinhostRoot.tree)"
    let run = "env MIRRORCTL_CONFIG=conf '\(Program.path)'"
    let publisher = try root.workspace.start([
      "sh", "-euc",
      """
      cd '\(root.workspace.path)'; cp \(tree)/app-misc/extra/extra-1.0-1.gpkg.tar first.gpkg.tar; n=2
      while [ ! -e stop ]; do
        '\(script)' \(tree) app-misc/extra-1.0 $n FROM=first.gpkg.tar BUILD_TIME=$((1900000000 + n)) KEY=\(root.key) HOME=g
        for verb in 'index --format packages' 'clean --apply' publish; do \(run) $verb --quiet; done
        n=$((n + 1))
      done
      """,
    ])
    var seen = Set<String>()
    for _ in 0..<Self.rounds {
      let installed = try root.inClient("emerge --getbinpkgonly --oneshot --quiet app-misc/extra")
      #expect(installed.status == 0, "\(installed.text)")
      seen.insert(try root.inClient("cat /var/db/pkg/app-misc/extra-1.0/BUILD_ID").text)
    }
    try root.workspace.shell("touch stop")
    let ended = try publisher.wait()
    #expect(ended.status == 0, "\(ended.errorText)\(ended.text)")
    #expect(seen.count > 1, "\(seen)")
    // It is not installed without the key.
    let refused = try root.inClient(
      "rm -rf /etc/portage/gnupg /var/cache/binpkgs /var/cache/binhost; install -d /etc/portage/gnupg; emerge --getbinpkgonly --oneshot --quiet app-misc/extra"
    )
    #expect(refused.status != 0, "\(refused.text)")
  }
}
