import Foundation
import Glibc
import SystemPackage
import TestSupport

/// A small mirror, the key that signs it, and another key that must not be accepted.
///
/// The keys are in short paths, since the path of a socket is limited to 108 bytes.
final class SignedMirror {
  /// The type of a key.
  enum Key: String {
    case good, locked, expired, revoked, noSecret
  }

  let workspace: Workspace
  /// The fingerprint.
  let key: String

  static let version = "std/x86-64bit/generic_64/2016-11-17"
  static let stage1 = "\(version)/stage1-generic_64-std-2016-11-17.tar.xz"
  static let stage3 = "\(version)/stage3-generic_64-std-2016-11-17.tar.xz"
  static let snapshot = "std/snapshots/portage-2016-11-17.tar.xz"
  static let tarballs = [snapshot, stage1, stage3]
  static let link = "std/x86-64bit/generic_64/stage3-latest.tar.xz"

  init(_ kind: Key = .good, _ settings: String...) throws {
    workspace = try Workspace()
    key = try Self.make(kind, home: "g", in: workspace)
    try workspace.shell(
      """
      mkdir -p mirror/\(Self.version) mirror/std/snapshots
      for file in \(Self.tarballs.joined(separator: " ")); do echo "content of $file" | xz > mirror/$file; done
      echo ok > mirror/\(Self.version)/status
      ln -s 2016-11-17/stage3-generic_64-std-2016-11-17.tar.xz mirror/\(Self.link)
      find mirror -exec touch -h -d 2016-12-01 {} +
      """)
    try configure(settings)
  }

  deinit {
    for home in ["g", "h"] where FileManager.default.fileExists(atPath: "\(workspace.path)/\(home)") {
      _ = try? workspace.run(["gpgconf", "--homedir", "\(workspace.path)/\(home)", "--kill", "all"])
    }
  }

  /// Makes a key in the home directory `g`, to replace the one that signs; returns its fingerprint.
  static func makeSuccessor(in workspace: Workspace) throws -> String {
    try workspace.shell(
      """
      gpg --batch --quiet --no-tty --homedir g --pinentry-mode loopback --passphrase '' \
        --quick-generate-key 'Successor <new@example.org>' ed25519 sign never
      gpg --batch --homedir g --with-colons --list-keys new@example.org | awk -F: '/^fpr/ { print $10; exit }'
      """
    ).text.filter(\.isHexDigit)
  }

  /// Makes a key in a home directory of the workspace; returns its fingerprint.
  static func make(_ kind: Key, home: String, in workspace: Workspace) throws -> String {
    let time = kind == .expired ? "--faked-system-time '20160101T000000!'" : ""
    let expiry = kind == .expired ? "2016-02-01" : "never"
    let gpg = "gpg --batch --quiet --no-tty --homedir \(home)"
    let made = try workspace.shell(
      """
      mkdir -m 700 -p \(home)
      \(gpg) \(time) --pinentry-mode loopback --passphrase '\(kind == .locked ? "secret" : "")' \
        --quick-generate-key 'Release Engineering <\(home)@example.org>' ed25519 sign \(expiry)
      key=$(\(gpg) --with-colons --list-keys | awk -F: '/^fpr/ { print $10; exit }')
      \(kind == .revoked ? "sed 's/^:---/---/' \(home)/openpgp-revocs.d/$key.rev | \(gpg) --import" : "")
      \(kind == .noSecret ? "rm \(home)/private-keys-v1.d/*" : "")
      \(kind == .locked ? "gpgconf --homedir \(home) --kill gpg-agent" : "")
      echo "key $key"
      """)
    return made.text.split(separator: "\n").first { $0.hasPrefix("key ") }.map { String($0.dropFirst(4)) }
      ?? ""
  }

  /// Makes a second key, in a separate home directory.
  func makeOther() throws -> String { try Self.make(.good, home: "h", in: workspace) }

  /// Writes the configuration: the key, and these lines in its section.
  func configure(_ settings: [String], key: String? = nil) throws {
    let lines =
      ["[section signing]", "key: \(key ?? self.key)", "homedir: \(workspace.path)/g"]
      + settings
    try write(lines.joined(separator: "\n"))
  }

  func write(_ configuration: String) throws {
    try Data("\(configuration)\n".utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  /// Runs a verb with these environment variables.
  func run(_ arguments: String..., environment: [String] = []) throws -> Outcome {
    try workspace.run(["env"] + environment + workspace.command(arguments))
  }

  /// Writes a program of this name; returns a `PATH` that finds it first.
  func program(_ name: String, _ script: String) throws -> String {
    try workspace.shell("mkdir -p bin")
    try workspace.program("bin/\(name)", script)
    return "PATH=\(workspace.path)/bin:/usr/bin:/bin"
  }

  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(workspace.mirror)/\(path)")
  }

  func content(_ path: String) -> Data? {
    FileManager.default.contents(atPath: "\(workspace.mirror)/\(path)")
  }

  /// The paths of all signatures in the mirror, including links.
  func signatures() throws -> [String] {
    try workspace.shell("cd mirror; find . -name '*.gpg' -o -name '*.asc' | sort").text
      .split(separator: "\n").map { String($0.dropFirst(2)) }
  }

  /// Whether gpgv, as run by a downloader, accepts a signature by the key.
  func isSigned(_ path: String, _ suffix: String = ".gpg", home: String = "g") throws -> Bool {
    try workspace.shell("gpg --batch --quiet --no-tty --homedir \(home) --export > \(home)/all.gpg")
    let judged = try workspace.run([
      "gpgv", "--keyring", "\(workspace.path)/\(home)/all.gpg", "\(workspace.mirror)/\(path)\(suffix)",
      "\(workspace.mirror)/\(path)",
    ])
    return judged.status == 0
  }
}
