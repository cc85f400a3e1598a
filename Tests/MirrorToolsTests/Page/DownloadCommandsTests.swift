import LinuxSystem
import MirrorModel
import Foundation
import Glibc
import Testing
import TestSupport

@testable import MirrorTools

@Suite("Pages: commands to download and verify") struct DownloadCommandsTests {
  private static let digest = String(repeating: "0f", count: 32)

  private func made(_ name: String, at base: String? = "https://example.org") -> DownloadCommands? {
    DownloadCommands(
      Download(
        variant: "stage3", format: .tar(.xz), path: MirrorPath("a/b/c/\(name)"), bytes: 1,
        sha256: Self.digest,
        signature: MirrorPath("a/b/c/\(name).gpg"), metalink: nil), at: base, from: "a/b")
  }

  @Test("special characters of the shell are quoted, and a URL is percent-encoded")
  func quoting() throws {
    let commands = try #require(made("a'b $(c).tar.xz"))
    #expect(
      commands.fetches[0].command
        == #"curl -fL -o 'a'\''b $(c).tar.xz' https://example.org/a/b/c/a%27b%20%24%28c%29.tar.xz"#)
    #expect(commands.checks[0] == #"echo '\#(Self.digest)  a'\''b $(c).tar.xz' | sha256sum -c"#)
    #expect(commands.checks[1] == #"gpg --verify 'a'\''b $(c).tar.xz.gpg' 'a'\''b $(c).tar.xz'"#)
  }

  @Test("a name that begins with a dash is not an option")
  func dash() throws {
    let commands = try #require(made("-rf.tar.xz"))
    #expect(commands.fetches[0].command == "curl -fL -o ./-rf.tar.xz https://example.org/a/b/c/-rf.tar.xz")
    #expect(commands.checks[1] == "gpg --verify ./-rf.tar.xz.gpg ./-rf.tar.xz")
  }

  @Test(
    "names that cannot be typed have no commands",
    arguments: ["a\nb.tar.xz", "a\\b.tar.xz", "a\u{202e}b.tar.xz", "\u{7}.tar"])
  func untypable(name: String) { #expect(made(name) == nil) }

  @Test("unchanged, they download from a real server and verify with real gpg")
  func forReal() throws {
    let workspace = try Workspace()
    let server = try workspace.start([
      "python3", "-c",
      """
      import http.server, os, threading
      threading.Timer(120, os._exit, [1]).start()
      os.chdir("\(workspace.mirror)")
      server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
      open("../port.new", "w").write(str(server.server_port))
      os.rename("../port.new", "../port")
      server.serve_forever()
      """,
    ])
    defer {
      kill(server.pid, SIGKILL)
      _ = try? server.wait()
    }
    let port = try workspace.shell(
      "n=0; until [ -e port ] || [ $n = 200 ]; do sleep 0.1; n=$((n + 1)); done; cat port"
    ).text
    try workspace.shell(
      """
      v=mirror/std/x86/gen/2026-11-21; mkdir -p $v; printf ok > $v/status
      head -c 100000 /dev/urandom | xz -0 > "$v/stage3-gen-std-2026-11-21.tar.xz"
      head -c 100000 /dev/urandom | xz -0 > "$v/it's & \\$HOME-gen-std-2026-11-21.tar.xz"
      mkdir -m 700 signer reader
      export GNUPGHOME="$PWD/signer"
      gpg --batch --quiet --passphrase '' --quick-generate-key 'Test <test@example.org>' ed25519 sign 2>/dev/null
      for f in $v/*.tar.xz; do gpg --batch --quiet --detach-sign -o "$f.gpg" "$f"; done
      gpg --batch --armor --export > mirror/signing-key.asc
      gpgconf --kill all
      printf '[section index]\\nurls: http://127.0.0.1:\(port)/\\n' > conf
      """)
    for arguments in [["digestgen"], ["index", "--format", "html"]] {
      let outcome = try workspace.run(workspace.command(arguments + ["--config", "\(workspace.path)/conf"]))
      #expect(outcome.status == 0, "\(outcome.errorText)")
    }
    let page = try workspace.shell("cat mirror/std/x86/gen/index.html").text
    let commands =
      page.matches(of: /<code[^>]*>([^<]*gpg --import)<\/code>/).map { String($0.1) }
      + page.matches(of: /<span class="line">([^<]*)<\/span>/).map { String($0.1) }
    #expect(commands.count == 9)
    let script = commands.joined(separator: "\n").replacing("&#39;", with: "'").replacing("&amp;", with: "&")
    let outcome = try workspace.run(
      [
        "sh", "-euc",
        "cd '\(workspace.path)'; mkdir got; cd got; export GNUPGHOME='\(workspace.path)/reader'; \(script)\nls",
      ])
    #expect(outcome.status == 0, "\(script)\n\(outcome.errorText)")
    #expect(outcome.text.matches(of: /: OK\n/).count == 2)
    #expect(outcome.errorText.matches(of: /Good signature from "Test/).count == 2)
    // A damaged download is detected.
    try workspace.shell(
      "for f in mirror/std/x86/gen/*/stage3*.xz; do printf X | dd of=$f conv=notrunc status=none; done; rm -r got"
    )
    #expect(
      try workspace.run(["sh", "-euc", "cd '\(workspace.path)'; mkdir got; cd got; \(script)"]).status != 0)
  }
}
