import FlexData
import Foundation
import MirrorTools
import SystemPackage
import TestSupport
import Testing

/// mirrorctl's own spec tree, in a mirror with one subarch that has a seed.
struct SpecSite {
  /// `Sources/StageBuilder/Specs` of this checkout.
  static let path = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent()
    .appending("Sources/StageBuilder/Specs")

  let workspace: Workspace
  let build: String
  let arch: String
  let subarch: String

  init(
    _ text: String = "", build: String = "gentoo", arch: String = "x86-64bit", subarch: String = "core2_64",
    strategy: String = "local", seed: String = "stage3"
  ) throws {
    workspace = try Workspace()
    (self.build, self.arch, self.subarch) = (build, arch, subarch)
    try workspace.shell(
      """
      mkdir -p mirror/\(build)/\(arch)/\(subarch)/.control mirror/other/\(arch)/generic/.control/version
      cd mirror/\(build)/\(arch)/\(subarch)/.control
      mkdir strategy remote version version/stage4
      echo \(strategy) > strategy/build; echo \(seed) > strategy/seed
      echo other > remote/build; echo \(arch) > remote/arch_desc; echo generic > remote/subarch
      for stage in stage1 stage3 stage4/web; do echo 2026-11-01 > version/$stage; done
      for stage in stage1 stage3; do echo 2026-10-01 > ~/mirror/other/\(arch)/generic/.control/version/$stage; done
      """)
    let configuration = """
      [section path]
      install: \(Self.path)
      [section path/mirror]
      : \(workspace.mirror)
      [collect $[path/install]/etc/master.conf]
      \(text)
      """
    try Data(configuration.utf8).write(to: URL(fileURLWithPath: workspace.path.appending("conf").string))
  }

  /// The tree's output for a target of version 2026-11-23; nil for a run of several.
  func elements(_ target: String?, _ definitions: [(name: String, value: String)] = []) throws -> Elements {
    var request = ConfigurationFile.Request()
    request.named = workspace.path.appending("conf")
    request.definitions =
      [
        (name: "target/build", value: build), (name: "target/arch_desc", value: arch),
        (name: "target/subarch", value: subarch), (name: "target/version", value: "2026-11-23"),
      ] + definitions
    if let target { request.definitions.append((name: "target", value: target)) }
    request.isStrict = target != nil
    return try ConfigurationFile(request).elements
  }

  /// An element of a target, without the prefix of the mirror's path.
  func text(_ name: String, of target: String?, _ definitions: [(name: String, value: String)] = []) throws
    -> String?
  {
    try elements(target, definitions).text(name)?.replacingOccurrences(of: "\(workspace.mirror)/", with: "")
  }
}

@Suite("The spec tree")
struct SpecTreeTests {
  @Test(
    "names and places are those of Gentoo's mirrors in that layout",
    arguments: [
      ("stage1", nil, "stage1-amd64-2026-11-23", "stage3-amd64-openrc-2026-11-01"),
      ("stage3", nil, "stage3-amd64-openrc-2026-11-23", "stage1-amd64-2026-11-23"),
      ("stage3-musl", "musl", "stage3-amd64-musl-2026-11-23", "stage1-amd64-2026-11-23"),
      ("stage4", nil, "stage4-amd64-2026-11-23", "stage3-amd64-openrc-2026-11-01"),
      ("oci", nil, "oci-amd64-2026-11-23", "stage3-amd64-openrc-2026-11-23"),
    ] as [(String, String?, String, String)])
  func gentooLayout(target: String, variant: String?, name: String, source: String) throws {
    let tree = try SpecSite(
      """
      [section mirror]
      layout: gentoo
      [section multi]
      stages: stage1 stage3
      """, build: "releases", arch: "amd64", subarch: "autobuilds")
    let definitions = variant.map { [(name: "target/variant", value: $0)] } ?? []
    func text(_ name: String) throws -> String? { try tree.text(name, of: target, definitions) }
    let place = "releases/amd64/autobuilds"
    #expect(try text("path/mirror/target") == "\(place)/2026-11-23/\(name).tar.xz")
    #expect(try text("path/mirror/source")?.hasPrefix("\(place)/2026-11-") == true)
    #expect(try text("path/mirror/source")?.hasSuffix("/\(source).tar.xz") == true)
    #expect(try text("path/mirror/snapshot") == "snapshots/portage-2026-11-23.tar.xz")
    #expect(try text("path/mirror/target/link") ?? "" == "")
  }

  static let stages = [
    "stage1", "stage2", "stage3", "stage3-freshen", "stage3-quick", "stage4", "openvz", "vserver", "lxc",
    "lxd", "livecd", "vm",
  ]

  /// Images that mirrorctl exports: each format has a target.
  static let exports = ExportFormat.allCases.map(\.rawValue)

  @Test(
    "every target defines everything it needs, for every arch and build",
    arguments: [
      ("gentoo", "x86-64bit", "core2_64"), ("any-name", "amd64", "generic"),
      ("gentoo", "pure64", "generic_64"),
      ("gentoo", "x86-32bit", "i686"), ("gentoo", "x86", "generic"), ("gentoo", "arm-64bit", "generic"),
      ("gentoo", "arm64", "raspi4"), ("gentoo", "arm-32bit", "armv6j_hardfp"),
      ("gentoo", "arm", "armv7a_hardfp"),
      ("gentoo", "riscv-64bit", "generic"), ("gentoo", "ppc64le", "generic"), ("gentoo", "sparc", "generic"),
      ("next", "x86-64bit", "generic_64"),
      ("funtoo-current", "x86-64bit", "generic_64"), ("funtoo-current", "arm-32bit", "armv7a_hardfp"),
    ])
  func whole(build: String, arch: String, subarch: String) throws {
    let tree = try SpecSite(build: build, arch: arch, subarch: subarch)
    for target in Self.stages + Self.exports + ["snapshot"] {
      let elements = try tree.elements(target)
      for name in elements.names where target != "snapshot" || !name.hasPrefix("path/mirror/source") {
        #expect(throws: Never.self, "\(target): \(name)") { try elements.lines(name) }
      }
      let kind = target == "snapshot" ? "snapshot" : Self.exports.contains(target) ? "export" : "stage"
      #expect(try elements.text("target/class") == kind)
      let keys = ["path/work", "path/chroot", "snapshot/destination", "snapshot/prefix", "portage/ROOT"]
      for key in keys where target != "snapshot" {
        #expect(try elements.text(key)?.isEmpty == false, "\(target): \(key)")
      }
      // Done by mirrorctl itself.
      let own = ["steps/unpack", "steps/capture", "steps/run", "trigger/ok/run"]
      #expect(own.allSatisfy { !elements.names.contains($0) })
    }
  }

  @Test("tarballs, links and records have Metro's names")
  func layout() throws {
    let tree = try SpecSite()
    let (subarch, version) = ("gentoo/x86-64bit/core2_64", "2026-11-23")
    let keys = ["target", "target/link", "target/link/dest"].map { "path/mirror/\($0)" }
    func names(_ target: String) throws -> [String?] {
      try (keys + ["target/control/version"]).map { try tree.text($0, of: target) }
    }
    func stage(_ name: String) -> String { "\(name)-core2_64-gentoo-\(version).tar.xz" }
    #expect(
      try names("stage3") == [
        "\(subarch)/\(version)/\(stage("stage3"))", "\(subarch)/stage3-latest.tar.xz",
        "\(version)/\(stage("stage3"))", "stage3",
      ])
    #expect(try names("stage3-freshen") == names("stage3"))
    #expect(try names("stage3-quick") == names("stage3"))
    for name in ["stage1", "stage2"] {
      // They have no link.
      #expect(
        try names(name) == [
          "\(subarch)/\(version)/\(stage(name))", nil, "\(version)/\(stage(name))", name,
        ])
    }
    let openvz = "gentoo-core2_64-openvz-\(version).tar.xz"
    #expect(
      try names("openvz") == [
        "\(subarch)/\(version)/\(openvz)", "\(subarch)/gentoo-openvz-latest.tar.xz", "\(version)/\(openvz)",
        "stage4/openvz",
      ])
    #expect(
      try tree.text("path/mirror/target/auxlink", of: "openvz")
        == "gentoo/openvz/x86-64bit/gentoo-core2_64-openvz-latest.tar.xz")
    for name in ["vserver", "lxc", "lxd", "livecd", "vm"] {
      #expect(
        try names(name) == [
          "\(subarch)/\(version)/\(stage(name))", "\(subarch)/\(name)-latest.tar.xz",
          "\(version)/\(stage(name))",
          "stage4/\(name)",
        ])
    }
    #expect(
      try tree.text("path/mirror/snapshot", of: "snapshot") == "gentoo/snapshots/portage-\(version).tar.xz")
    #expect(try tree.text("path/mirror/link", of: "snapshot") == "gentoo/snapshots/portage-latest.tar.xz")
    #expect(try tree.text("path/mirror/link/dest", of: "snapshot") == "portage-\(version).tar.xz")
  }

  @Test(
    "a build starts from the seed that the strategy selects",
    arguments: [
      ("local", "stage3", "stage1", "gentoo/x86-64bit/core2_64/2026-11-01/stage3-core2_64-gentoo-2026-11-01"),
      ("remote", "stage3", "stage1", "other/x86-64bit/generic/2026-10-01/stage3-generic-other-2026-10-01"),
      ("local", "stage3", "stage2", "gentoo/x86-64bit/core2_64/2026-11-23/stage1-core2_64-gentoo-2026-11-23"),
      (
        "remote", "stage3", "stage2", "gentoo/x86-64bit/core2_64/2026-11-23/stage1-core2_64-gentoo-2026-11-23"
      ),
      ("local", "stage1", "stage2", "gentoo/x86-64bit/core2_64/2026-11-01/stage1-core2_64-gentoo-2026-11-01"),
      ("remote", "stage1", "stage2", "other/x86-64bit/generic/2026-10-01/stage1-generic-other-2026-10-01"),
      ("local", "stage3", "stage3", "gentoo/x86-64bit/core2_64/2026-11-23/stage1-core2_64-gentoo-2026-11-23"),
      ("remote", "stage1", "stage3", "other/x86-64bit/generic/2026-10-01/stage1-generic-other-2026-10-01"),
      (
        "remote", "stage3", "stage3-freshen",
        "other/x86-64bit/generic/2026-10-01/stage3-generic-other-2026-10-01"
      ),
      (
        "local", "stage3", "stage3-quick",
        "gentoo/x86-64bit/core2_64/2026-11-01/stage3-core2_64-gentoo-2026-11-01"
      ),
      (
        "remote", "stage3", "openvz", "gentoo/x86-64bit/core2_64/2026-11-01/stage3-core2_64-gentoo-2026-11-01"
      ),
    ])
  func seeds(strategy: String, seed: String, target: String, path: String) throws {
    let tree = try SpecSite(strategy: strategy, seed: seed)
    #expect(try tree.text("path/mirror/source", of: target) == "\(path).tar.xz")
  }

  @Test(
    "a mode has its targets; Gentoo's full build makes no stage2",
    arguments: [
      ("gentoo", "full", "stage3", "snapshot stage1 stage3"), ("gentoo", "full", "stage1", "snapshot stage3"),
      ("funtoo-current", "full", "stage3", "snapshot stage1 stage2 stage3"),
      ("funtoo-current", "full", "stage1", "snapshot stage2 stage3"),
      ("gentoo", "freshen", "stage3", "snapshot stage3-freshen"),
      ("gentoo", "quick", "stage3", "snapshot stage3-quick"),
      ("gentoo", "stage1", "stage3", "snapshot stage1"),
    ])
  func modes(build: String, mode: String, seed: String, targets: String) throws {
    let tree = try SpecSite(build: build, seed: seed)
    let definitions = [(name: "multi", value: "yes"), (name: "multi/mode", value: mode)]
    #expect(try tree.text("multi/targets", of: nil, definitions) == targets)
  }

  @Test("a stage3 is made from the stage2 if there is one")
  func stage2() throws {
    let stage2 = "x86-64bit/core2_64/2026-11-23/stage2-core2_64"
    let funtoo = try SpecSite(build: "funtoo-current")
    #expect(
      try funtoo.text("path/mirror/source", of: "stage3")
        == "funtoo-current/\(stage2)-funtoo-current-2026-11-23.tar.xz")
    let requested = try SpecSite("[section multi]\nstages: stage1 stage2 stage3\n")
    #expect(
      try requested.text("path/mirror/source", of: "stage3") == "gentoo/\(stage2)-gentoo-2026-11-23.tar.xz")
    let multi = [(name: "multi", value: "yes")]
    #expect(
      try requested.text("multi/targets", of: nil, multi) == "snapshot stage1 stage2 stage3")
  }

  @Test("flags of Gentoo's releases are defaults, which a configuration can change and extend")
  func releng() throws {
    func forced(_ target: String, _ text: String = "", build: String = "gentoo") throws -> [String] {
      try SpecSite(text, build: build).elements(target)
        .lines("portage/files/profile/package.use.force") ?? []
    }
    #expect(try forced("stage1").contains("app-alternatives/sh bash"))
    #expect(try forced("stage3") == [] && forced("stage1", build: "funtoo-current") == [])
    let more = """
      [section portage/files/profile]
      package.use.force: [
      $[[releng/package.use.force]]
      app-misc/hello foo
      ]
      """
    #expect(try forced("stage3", more).suffix(2) == ["sys-libs/libxcrypt system", "app-misc/hello foo"])
  }

  @Test(
    "a stage names the host of its binary packages, if there is one",
    arguments: [
      ("amd64", "", "amd64/binpackages/23.0/x86-64"), ("amd64", "systemd", "amd64/binpackages/23.0/x86-64"),
      ("amd64", "musl/hardened", "amd64/binpackages/23.0/x86-64_musl_hardened"),
      ("x86", "", "x86/binpackages/23.0/i686"), ("amd64", "of-our-own", nil),
    ])
  func binaryPackages(arch: String, variant: String, path: String?) throws {
    let tree = try SpecSite("[section profile]\nvariant: \(variant)\n", arch: arch)
    #expect(
      try tree.text("binrepo/sync-uri", of: "stage3")
        == path.map { "https://distfiles.gentoo.org/releases/\($0)" })
    let empty = try SpecSite("[section binrepo]\nsync-uri:\n", arch: arch)
    #expect(
      try empty.elements("stage3").lines("steps/chroot/prerun")?.contains("verify-signature = true") == true)
    #expect(
      try empty.elements("stage3").lines("steps/chroot/prerun")?.contains("\tif [[ 'no' = no ]]; then")
        == true)
  }

  @Test(
    "an arch has its profile, and a subarch its flags",
    arguments: [
      ("x86-64bit", "core2_64", "default/linux/amd64/23.0/", "-march=core2 -O2 -pipe"),
      ("amd64", "unheard-of", "default/linux/amd64/23.0/", "-O2 -pipe"),
      ("pure64", "generic_64", "default/linux/amd64/23.0/no-multilib/", "-mtune=generic -O2 -pipe"),
      ("arm64", "raspi4", "default/linux/arm64/23.0/", "-mcpu=cortex-a72 -O2 -pipe"),
      (
        "arm-32bit", "armv6j_hardfp", "default/linux/arm/23.0/armv6j_hf/",
        "-march=armv6j -mfpu=vfp -mfloat-abi=hard -O2 -pipe"
      ),
    ])
  func arches(arch: String, subarch: String, profile: String, flags: String) throws {
    let tree = try SpecSite(arch: arch, subarch: subarch)
    #expect(try tree.text("profile/path", of: "stage3") == profile)
    #expect(try tree.text("portage/COMMON_FLAGS", of: "stage3") == flags)
  }

  @Test(
    "builds of Funtoo and of Macaroni have their meta-repos, packages and services",
    arguments: [
      ("funtoo-current", "x86-64bit", "funtoo", "master", "current"),
      ("1.4-release-std", "pure64", "funtoo", "1.4-release", "current"),
      ("next", "x86-32bit", "macaroni-os", "next", "next"),
      ("mark", "arm-64bit", "macaroni-os", "mark", "next"),
    ])
  func kits(build: String, arch: String, owner: String, branch: String, profile: String) throws {
    let tree = try SpecSite(build: build, arch: arch)
    let elements = try tree.elements("stage3")
    #expect(try elements.text("snapshot/source/type") == "meta-repo")
    #expect(try elements.text("snapshot/source/remote") == "https://github.com/\(owner)/meta-repo")
    #expect(try elements.text("snapshot/source/branch") == branch)
    #expect(try elements.text("ego/sync-base-url") == "https://github.com/\(owner)/{repo}")
    #expect(try elements.text("profile/build") == "core-kit:funtoo/1.0/linux-gnu/build/\(profile)")
    #expect(
      try elements.text("emerge/packages") == (arch == "arm-64bit" ? "" : "sys-kernel/debian-sources-lts"))
    #expect(try elements.text("stage3/services") == "sshd metalog")
  }

  @Test("definitions in the configuration take effect, and others derive from them")
  func overriding() throws {
    let tree = try SpecSite(
      """
      [section path]
      tmp: /srv/tmp
      work: /srv/work
      [section profile]
      variant: systemd
      [section repo]
      location: /var/db/repos/mine
      [section portage]
      USE: -X
      """)
    let elements = try tree.elements("stage1")
    #expect(try elements.text("path/chroot/stage") == "/srv/work/tmp/stage1root")
    #expect(try elements.text("path/distfiles") == "/srv/tmp/cache/distfiles")
    #expect(try elements.text("snapshot/destination") == "/var/db/repos/mine")
    #expect(try elements.text("profile/path") == "default/linux/amd64/23.0/systemd")
    #expect(try elements.lines("steps/chroot/prerun")?.contains(#"USE="-X""#) == true)
  }

  @Test("a custom stage4 needs a few lines, or a file with a step")
  func ownStage4() throws {
    let tree = try SpecSite(
      """
      [section target when target is web]
      spec: stage4
      [section stage4 when target is web]
      packages: www-servers/nginx
      [section stage4 when target is more]
      source: web
      [section target/spec when target is more]
      file: $[path/config]/more.spec
      """)
    try tree.workspace.shell(
      """
      cat > more.spec << 'END'
      [collect $[path/install]/targets/gentoo/stage4.spec]
      [section steps]
      chroot/run/stage4: [
      say "more"
      ]
      END
      """)
    let web = try tree.elements("web")
    #expect(try web.text("target/name") == "web-core2_64-gentoo-2026-11-23")
    #expect(try web.text("target/control/version") == "stage4/web")
    #expect(try web.lines("steps/chroot/run")?.contains("www-servers/nginx") == true)
    let more = try tree.elements("more")
    #expect(try more.text("source/name") == "web-core2_64-gentoo-2026-11-01")
    #expect(try more.lines("steps/chroot/run")?.contains(#"say "more""#) == true)
  }

  @Test("shellcheck finds nothing in the steps", .enabled(if: Tool.exists("shellcheck")))
  func scripts() throws {
    let tree = try SpecSite()
    var files: [String] = []
    for target in Self.stages {
      let elements = try tree.elements(target)
      for name in elements.names where name.hasPrefix("steps/") {
        guard let lines = try elements.lines(name), lines.first?.hasPrefix("#!") == true else { continue }
        let file = tree.workspace.path.appending("\(target)-\(name.replacing("/", with: "-"))").string
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: file))
        files.append(file)
      }
    }
    #expect(files.count > 60)
    // Functions that a script does not call, arrays filled by name, and comparisons whose words were expanded.
    let expected = "SC2317,SC2154,SC2050,SC2119,SC2120,SC2157,SC2194,SC2034"
    let outcome = try tree.workspace.run(["shellcheck", "--format=gcc", "--exclude=\(expected)"] + files)
    #expect(outcome.text == "")
    #expect(outcome.errorText == "")
  }
}
