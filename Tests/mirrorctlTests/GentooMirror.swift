import Foundation
import SystemPackage
import TestSupport

/// A mirror like Gentoo's, with three moments, and the key that signs it.
final class GentooMirror {
  static let place = "releases/amd64/autobuilds"
  /// Oldest first, each with its files.
  static let moments: [(moment: String, names: [String])] = [
    (
      "20200101T170303Z",
      ["stage3-amd64-openrc", "stage3-amd64-systemd", "stage3-amd64-musl", "stage3-x32-openrc"]
    ),
    ("20200108T170303Z", ["stage3-amd64-openrc", "stage3-amd64-systemd"]),
    ("20200115T170303Z", ["stage3-amd64-openrc", "stage1-amd64-openrc"]),
    ("20200122T170303Z", ["stage3-amd64-openrc", "stage3-amd64-systemd"]),
  ]
  static let names = [
    "stage3-amd64-musl", "stage3-amd64-openrc", "stage3-amd64-systemd", "stage3-x32-openrc",
  ]

  let workspace: Workspace
  let key: String
  private var settings = ""

  init() throws {
    workspace = try Workspace()
    key = try SignedMirror.make(.good, home: "g", in: workspace)
    try configure()
    for (moment, names) in Self.moments { for name in names { try add(name, moment) } }
    try workspace.shell(
      """
      mkdir -p mirror/snapshots mirror/distfiles/a0
      echo tree | xz > mirror/snapshots/gentoo-20200101T170303Z.tar.xz
      echo tree | xz > mirror/snapshots/gentoo-20200122T170303Z.tar.xz
      echo source > mirror/distfiles/a0/source-1.txt
      find mirror -exec touch -h -d 2020-02-01 {} +
      """)
  }

  deinit { _ = try? workspace.run(["gpgconf", "--homedir", "\(workspace.path)/g", "--kill", "all"]) }

  /// Writes the configuration with more sections.
  func configure(_ more: String = "") throws {
    let text = """
      [section mirror]
      layout: gentoo
      [section signing]
      key: \(key)
      homedir: \(workspace.path)/g
      \(more)

      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  /// Adds a tarball and the list of its contents.
  func add(_ name: String, _ moment: String) throws {
    try workspace.shell(
      """
      mkdir -p 'mirror/\(Self.place)/\(moment)'; cd 'mirror/\(Self.place)/\(moment)'
      echo '\(name) \(moment)' | xz > \(name)-\(moment).tar.xz
      echo './\(name)' | gzip -n > \(name)-\(moment).tar.xz.CONTENTS.gz
      """)
  }

  /// Runs a verb that must succeed.
  @discardableResult
  func succeed(_ arguments: String...) throws -> Outcome {
    let outcome = try workspace.run(workspace.command(arguments))
    guard outcome.status == 0 else {
      throw Workspace.ShellFailure(
        script: arguments.joined(separator: " "), message: outcome.errorText + outcome.text)
    }
    return outcome
  }

  /// Runs shell commands in the directory that holds the moments.
  @discardableResult
  func shell(_ script: String, in root: String = "mirror") throws -> String {
    try workspace.shell("cd \(root)/\(Self.place); \(script)").text
  }

  /// The names in the directory that holds the moments.
  func entries(in root: String = "mirror") throws -> Set<String> {
    Set(try shell("ls", in: root).split(separator: "\n").map(String.init))
  }

  /// Downloads and checks the newest file of a name, as the scripts do that install Gentoo.
  ///
  /// - Parameter keys: a file of public keys; nil for those in the keyring of the mirror's keeper.
  /// - Returns: the path in the list; throws if anything does not verify.
  @discardableResult
  func install(_ name: String, from root: String = "mirror", keys: String? = nil) throws -> String {
    let export = "gpg --batch --quiet --no-tty --homedir g --armor --export"
    return try workspace.shell(
      """
      rm -rf got user; mkdir got; \(keys.map { "cat \($0)" } ?? export) > release.asc
      mkdir -m 700 user; gpg --batch --quiet --no-tty --no-autostart --homedir user --import release.asc
      base=\(root)/\(Self.place); list=latest-\(name).txt
      cp $base/$list got/; cd got; base=../$base
      verify() { gpg --batch --quiet --no-tty --no-autostart --homedir ../user "$@" 2> gpg.log || { cat gpg.log >&2; exit 1; }; }
      verify --output list --verify $list
      path=$(grep -v '^#' list | cut -d ' ' -f 1 | head -n 1)
      [ "$path" = "$(awk '!/^#/ && /\(name)/ { print $1; exit }' $list)" ]
      [ "$path" = "$(grep -E '^[0-9]+T[0-9]+Z/\(name)-.*\\.tar\\.xz' $list | awk '{ print $1 }')" ]
      file=$(basename "$path"); size=$(grep -v '^#' list | cut -d ' ' -f 2)
      grep -qE '^# ts=[0-9]+$' list; grep -q '^# Latest as of ' list
      for end in '' .CONTENTS.gz .DIGESTS .asc .sha256; do cp $base/$path$end .; done
      [ "$(stat -c %s $file)" = "$size" ]
      cmp $file $base/current-\(name)/$file
      verify --verify $file.asc $file
      verify --output $file.DIGESTS.verified --verify $file.DIGESTS
      verify --output $file.sha256.verified --verify $file.sha256
      sha256sum --quiet --strict --check $file.sha256.verified
      awk '/# SHA512 HASH/{getline; print}' $file.DIGESTS | sha512sum --quiet --strict --check
      awk '/# BLAKE2B HASH/{getline; print}' $file.DIGESTS | b2sum --quiet --strict --check
      [ "$(grep -c CONTENTS.gz $file.DIGESTS.verified)" = 2 ]
      xz -dc $file | grep -q '^\(name) '
      echo "$path"
      """
    ).text.trimmingCharacters(in: .newlines)
  }
}
