import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("Builds in Gentoo's layout", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct GentooBuildTests {
  private static let subarch = ["releases", "amd64", "autobuilds"]
  private static let steps = """
    [section steps/chroot]
    run: [
    #!/bin/sh
    echo $[target] >> /etc/built
    ]

    """
  private let site: BuildSite

  /// A site with the paths and names of Gentoo's mirrors, a signing key, and a seed.
  init() throws {
    site = try BuildSite(Self.steps, isPrepared: false)
    let made = try site.workspace.shell(
      """
      mkdir -m 700 g; gpg="gpg --batch --quiet --no-tty --homedir g"
      $gpg --pinentry-mode loopback --passphrase '' --quick-generate-key 'R <r@example.org>' ed25519 sign never
      $gpg --with-colons --list-keys | awk -F: '/^fpr/ { print $10; exit }'
      """)
    let key = made.text.trimmingCharacters(in: .whitespacesAndNewlines)
    let conf = site.workspace.path.appending("conf").string
    var text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: conf)), as: UTF8.self)
    for (metro, gentoo) in [
      ("$[]/$[target/build]/snapshots/portage-", "$[]/snapshots/gentoo-"),
      ("name: portage-$[:version]", "name: gentoo-$[:version]"),
      (
        "name: $[target]-$[:subarch]-$[:build]-$[:version]",
        "name: $[target]-$[:arch_desc]-openrc-$[:version]"
      ),
      ("stage1-$[target/subarch]-$[target/build]-", "stage1-$[target/arch_desc]-openrc-"),
      ("stage3-$[target/subarch]-$[target/build]-$[seed]", "stage3-*$[seed]"),
      ("target/link: $[:subarch]/stage3-latest.tar.$[target/compression]\n", ""),
    ] {
      precondition(text.contains(metro), metro)
      text = text.replacing(metro, with: gentoo)
    }
    text += """
      [section mirror]
      layout: gentoo
      [section signing]
      key: \(key)
      homedir: \(site.workspace.path)/g

      """
    try site.write("conf", text)
    try site.succeed(
      ["init"] + Self.subarch + [
        "--local", site.workspace.path.appending("stage3-gen-2026-11-01.tar.xz").string, "--version",
        "20200101T000000Z",
      ])
  }

  private var place: String { "\(site.workspace.mirror)/releases/amd64/autobuilds" }

  private func names(_ directory: String) throws -> [String] {
    try site.workspace.run(["ls", "\(place)/\(directory)"]).text.split(separator: "\n").map(String.init)
  }

  @Test("end with digests, signatures, the link and the lists; the seed is not offered")
  func build() throws {
    try site.succeed(["digestgen"])
    #expect(try names("20200101T000000Z").contains("stage3-amd64-20200101T000000Z.tar.xz"))
    try site.succeed(["index"])
    #expect(try names(".") == ["20200101T000000Z"])
    for moment in ["20200628T170302Z", "20200705T170302Z"] {
      let outcome = try site.succeed(["build"] + Self.subarch + ["full", moment])
      #expect(outcome.errorText == "", "\(outcome.errorText)")
      let file = "stage3-amd64-openrc-\(moment).tar.xz"
      let stage3 = try names(moment).filter { $0.hasPrefix("stage3") }
      let ends = [
        "", ".CONTENTS.gz", ".DIGESTS", ".asc", ".provenance.json", ".provenance.json.asc", ".sha256",
        ".spdx.json", ".spdx.json.asc",
      ]
      #expect(stage3 == ends.map { file + $0 })
      #expect(
        try names(".").filter { !$0.hasSuffix("Z") } == [
          "current-stage3-amd64-openrc", "latest-stage3-amd64-openrc.txt", "latest-stage3.txt",
        ])
      try site.workspace.shell(
        """
        cd '\(place)'; gpg="gpg --batch --quiet --no-tty --homedir \(site.workspace.path)/g"
        $gpg --verify latest-stage3-amd64-openrc.txt 2> /dev/null
        path=$(grep -v '^#' latest-stage3-amd64-openrc.txt | grep tar.xz | cut -d ' ' -f 1)
        [ "$path" = \(moment)/\(file) ]
        cd current-stage3-amd64-openrc
        $gpg --verify \(file).asc \(file) 2> /dev/null; $gpg --verify \(file).DIGESTS 2> /dev/null
        sha256sum --check --quiet \(file).sha256 2> /dev/null
        awk '/# SHA512 HASH/{getline; print}' \(file).DIGESTS | sha512sum --quiet --strict --check
        zcat \(file).CONTENTS.gz | grep -q bin/busybox
        [ -f "\(site.workspace.mirror)/snapshots/gentoo-\(moment).tar.xz.sha256" ]
        """)
      #expect(try site.succeed(["verify"]).errorText == "")
    }
    for verb in ["digestgen", "index"] { #expect(try site.succeed([verb]).text == "", "\(verb)") }
    try site.succeed(["clean", "--apply", "--keep", "1"])
    #expect(try names(".").filter { $0.hasSuffix("Z") } == ["20200705T170302Z"])
  }

  @Test("offer images of a stage with the same files beside them, and a link and a list of their own")
  func image() throws {
    let conf = site.workspace.path.appending("conf").string
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: conf)), as: UTF8.self)
    try site.write(
      "conf",
      text.replacing("targets: snapshot stage1 stage3", with: "targets: snapshot stage1 stage3 oci") + """
        [section target when target is oci]
        name: oci-$[:arch_desc]-openrc-$[:version]
        class: export
        control/version: stage4/oci
        [section path/mirror when target is oci]
        source: $[:subarch]/$[target/version]/stage3-$[target/arch_desc]-openrc-$[target/version].tar.xz
        [section export/oci]
        level: 1

        """)
    try site.succeed(["digestgen"])
    let moments = ["20200628T170302Z", "20200705T170302Z"]
    for moment in moments {
      let outcome = try site.succeed(["build"] + Self.subarch + ["full", moment])
      #expect(outcome.errorText == "", "\(outcome.errorText)")
      let file = "oci-amd64-openrc-\(moment).oci.tar"
      #expect(
        try names(moment).filter { $0.hasPrefix("oci") }
          == [
            "", ".DIGESTS", ".asc", ".provenance.json", ".provenance.json.asc", ".sha256", ".spdx.json",
            ".spdx.json.asc",
          ].map { file + $0 })
      #expect(
        try names(".").filter { !$0.hasSuffix("Z") } == [
          "current-oci-amd64-openrc", "current-stage3-amd64-openrc", "latest-oci-amd64-openrc.txt",
          "latest-stage3-amd64-openrc.txt", "latest-stage3.txt",
        ])
      try site.workspace.shell(
        """
        cd '\(place)'; gpg="gpg --batch --quiet --no-tty --homedir \(site.workspace.path)/g"
        $gpg --verify latest-oci-amd64-openrc.txt 2> /dev/null
        [ "$(grep -v '^#' latest-oci-amd64-openrc.txt | grep oci.tar | cut -d ' ' -f 1)" = \(moment)/\(file) ]
        cd current-oci-amd64-openrc; $gpg --verify \(file).asc \(file) 2> /dev/null
        sha256sum --check --quiet \(file).sha256 2> /dev/null; skopeo inspect oci-archive:\(file) > /dev/null
        """)
      #expect(try site.succeed(["verify"]).errorText == "")
    }
    for verb in ["digestgen", "index"] { #expect(try site.succeed([verb]).text == "", "\(verb)") }
    try site.succeed(["clean", "--apply", "--keep", "1"])
    #expect(try names(".").filter { $0.hasSuffix("Z") } == moments.suffix(1))
    #expect(try site.succeed(["verify"]).errorText == "")
  }

  @Test("that fail leave the lists and links as they were")
  func failure() throws {
    try site.succeed(["build"] + Self.subarch + ["full", "20200628T170302Z"])
    let lists = "cd '\(place)'; cat latest-*; readlink current-*"
    let before = try site.workspace.shell(lists).text
    let conf = site.workspace.path.appending("conf").string
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: conf)), as: UTF8.self)
    try site.write(
      "conf", text.replacing("echo $[target] >> /etc/built", with: "[ $[target] != stage3 ]"))
    let outcome = try site.run(["build"] + Self.subarch + ["full", "20200705T170302Z"])
    #expect(outcome.status != 0)
    try site.succeed(["digestgen"])
    try site.succeed(["index"])
    #expect(try site.workspace.shell(lists).text == before)
    let status = try site.succeed(["status"]).text
    #expect(status.contains("1 20200628T170302Z"), "\(status)")
  }
}
