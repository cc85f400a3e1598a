import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A mirror whose builds use mirrorctl's own spec tree and Portage, without a network.
struct PortageSite {
  let workspace: Workspace

  private static let scripts = FilePath(#filePath).removingLastComponent().appending("Portage")
  static let subarch = ["gentoo", arch, "generic_64"]
  #if arch(arm64)
    private static let arch = "arm-64bit"
  #else
    private static let arch = "x86-64bit"
  #endif

  /// Whether the seed can be created here.
  static var isPossible: Bool { geteuid() == 0 && Tool.exists("mmdebstrap") && Tool.exists("git") }

  /// - Parameters:
  ///   - text: added to the configuration.
  ///   - remote: the path of the source of snapshots.
  ///   - localeGen: the version whose interface the seed's `locale-gen` has.
  ///   - programs: programs of this machine that are added to the seed.
  init(
    _ text: String = "", remote: String = "tree", localeGen: Int = 3, programs: [String] = [],
    in given: Workspace? = nil
  ) throws {
    workspace = try given ?? Workspace()
    for (script, directory) in [("make-seed", ""), ("make-tree", "tree")] {
      let made = try RunningProgram(
        [Self.scripts.appending(script).string, workspace.path.appending(directory).string],
        environment: ProcessInfo.processInfo.environment
      ).wait()
      guard made.status == 0 else { throw Failure(message: made.errorText) }
    }
    let configuration = """
      [section path]
      install: \(SpecSite.path)
      tmp: \(workspace.path)/tmp
      [section path/mirror]
      : \(workspace.mirror)
      # Compressing takes longer than building.
      [section capture]
      compress: later
      [section build]
      network: none
      [section snapshot/source]
      remote: \(workspace.path)/\(remote)
      [collect $[path/install]/etc/master.conf]
      \(text)
      """
    try Data(configuration.utf8).write(to: URL(fileURLWithPath: workspace.path.appending("conf").string))
    let seed = "2026-11-01/stage3-generic_64-gentoo-2026-11-01.tar"
    try workspace.shell(
      """
      d=mirror/\(Self.subarch.joined(separator: "/")); mkdir -p $d/.control/version $d/.control/strategy $d/2026-11-01
      install -D '\(Self.scripts)/locale-gen-\(localeGen)' usr/sbin/locale-gen
      tar --owner=0 --group=0 -rf portage-seed.tar ./usr/sbin/locale-gen
      for program in \(programs.joined(separator: " ")); do
        file=$(command -v $program)
        for file in $file $(ldd $file | grep -o '/[^ ]*'); do
          case $file in /lib*) file=/usr$file ;; esac
          tar --owner=0 --group=0 -rhf portage-seed.tar -C / ".$file"
        done
      done
      mv portage-seed.tar $d/\(seed)
      echo 2026-11-01 > $d/.control/version/stage3
      echo local > $d/.control/strategy/build; echo stage3 > $d/.control/strategy/seed
      """)
  }

  struct Failure: Error { let message: String }

  /// Runs `mirrorctl build` of the subarch.
  func build(_ arguments: String...) throws -> Outcome {
    try workspace.run(
      ["env", "MIRRORCTL_CONFIG=\(workspace.path.appending("conf"))", Program.path.string, "build"]
        + Self.subarch + arguments)
  }

  /// The subarch's directory.
  var path: FilePath { workspace.mirror.appending(Self.subarch.joined(separator: "/")) }

  /// A file of the subarch; nil if there is none.
  func text(_ name: String) -> String? {
    (try? Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// A file in a tarball of the subarch; nil if there is none.
  func file(_ name: String, in tarball: String) throws -> String? {
    let outcome = try workspace.run(["tar", "-xOf", "\(path)/\(tarball)", name])
    return outcome.status == 0 ? outcome.text : nil
  }

  /// The names in a tarball of the subarch.
  func names(in tarball: String) throws -> Set<String> {
    Set(try workspace.run(["tar", "-tf", "\(path)/\(tarball)"]).text.split(separator: "\n").map(String.init))
  }
}

@Suite("Builds by real Portage", .enabled(if: PortageSite.isPossible))
struct PortageBuildTests {
  private static let version = "2026-11-23"

  private static func stage(_ name: String) -> String {
    "\(version)/\(name)-generic_64-gentoo-\(version).tar"
  }

  @Test("a full build makes a stage1, a stage3 and images of it, offline; a stage2 is made on request")
  func full() throws {
    let site = try PortageSite(
      """
      [section stage1]
      update-seed: no
      packages: app-misc/hello app-misc/tool
      [section emerge]
      packages: [
      app-misc/extra
      ]
      packages/remove: app-misc/unwanted
      [section portage/files]
      package.use: [
      app-misc/hello -nls foo
      ]
      [section portage/files/profile]
      use.mask: [
      unheard-of
      ]
      """)
    let outcome = try site.build("full+openvz+livecd", Self.version)
    try #require(
      outcome.status == 0, "\(outcome.errorText)\n\(site.text("\(Self.version)/log/stage1.txt") ?? "")")
    #expect(outcome.errorText == "")
    #expect(site.text("\(Self.version)/status") == "ok")
    #expect(site.text(".control/version/stage3") == "\(Self.version)\n")
    #expect(site.text(".control/version/stage4/openvz") == "\(Self.version)\n")
    let info = try #require(site.text("\(Self.version)/build-info.json"))
    #expect(info.contains(#""CFLAGS": "-mtune=generic -O2 -pipe""#))

    try separateRoot(site)

    let stage3 = Self.stage("stage3")
    #expect(try site.file("./var/lib/portage/world", in: stage3) == "app-misc/extra\n")
    #expect(try site.file("./etc/portage/package.use/mirrorctl", in: stage3) == "app-misc/hello -nls foo\n")
    let configuration = try #require(try site.file("./etc/portage/make.conf", in: stage3))
    #expect(!configuration.contains("FEATURES") && !configuration.contains("MAKEOPTS"))
    #expect(configuration.hasSuffix("\nLC_MESSAGES=C.UTF-8\n"))
    let hosts = try #require(try site.file("./etc/portage/binrepos.conf/gentoo.conf", in: stage3))
    #expect(hosts.contains("verify-signature = true\n"))
    try locales(site, stage3)
    // A package owns this file, although steps saw the host's there.
    #expect(try site.file("./etc/hosts", in: stage3) == "127.0.0.1 localhost of-the-package\n")
    let names = try site.names(in: stage3)
    #expect(!names.contains { $0.contains(".mirrorctl") || $0.contains("._cfg") })
    #expect(names.contains("./usr/bin/hello") && names.contains("./usr/bin/extra"))
    // Only the build needed it.
    #expect(!names.contains("./usr/bin/tool"))
    #expect(!names.contains { $0.hasPrefix("./etc/portage/profile") || $0.hasSuffix("/00mirrorctl") })
    #expect(!names.contains("./usr/bin/unwanted") && !names.contains("./var/db/pkg/app-misc/unwanted-1.0/"))
    #expect(names.contains("./etc/portage/make.profile"))
    for directory in [
      "tmp", "root", "var/tmp", "var/log", "var/cache", "var/db/repos/gentoo", "run", "dev", "proc",
    ] {
      let left = names.filter {
        $0.hasPrefix("./\(directory)/") && !$0.hasSuffix("/") && !$0.contains("/.keep_")
      }
      #expect(left.isEmpty, "\(directory)")
    }
    #expect(try site.file("./etc/shadow", in: stage3)?.hasPrefix("root:*:") == true)
    let openvz = "\(Self.version)/gentoo-generic_64-openvz-\(Self.version).tar"
    #expect(try site.file("./etc/shadow", in: openvz)?.hasPrefix("root:!:") == true)
    #expect(try site.names(in: openvz).contains("./usr/bin/hello"))
    try sane(site, stage3)
    try live(site, Self.stage("livecd"))

    #expect(site.text(".control/version/stage2") == nil)
    let more = try site.build("full", Self.version, "target:", "stage2")
    try #require(more.status == 0, "\(more.errorText)")
    // The C library that virtual/libc of this tree requires.
    let log = try #require(site.text("\(Self.version)/log/stage2.txt"))
    #expect(log.contains(#/>>> emerge --oneshot .*sys-libs/musl/#))
  }

  /// Checks what only a separate root shows.
  private func separateRoot(_ site: PortageSite) throws {
    let stage1 = Self.stage("stage1")
    // package.use has precedence over -*, and a flag of a required choice is forced.
    #expect(try site.file("./var/db/pkg/app-misc/hello-1.0/USE", in: stage1)?.words.contains("foo") == true)
    #expect(try site.file("./var/db/pkg/app-misc/hello-1.0/USE", in: stage1)?.words.contains("nls") == false)
    #expect(
      try site.file("./var/db/pkg/app-alternatives/awk-1/USE", in: stage1)?.words.contains("gawk") == true)
    #expect(try site.file("./etc/portage/make.conf", in: stage1)?.contains("-*") == false)
    let names = try site.names(in: stage1)
    #expect(names.contains("./usr/bin/tool") && names.contains("./etc/localtime"))
    #expect(!names.contains { $0.hasPrefix("./etc/portage/profile") || $0.hasSuffix("/00mirrorctl") })
    #expect(!names.contains { $0.hasPrefix("./usr/share/man/") && $0 != "./usr/share/man/" })
    try locales(site, stage1)
    // The seed does not contain Portage's own sandbox.
    let log = try #require(site.text("\(Self.version)/log/stage1.txt"))
    #expect(log.contains(">>> FEATURES: sandbox is turned off: there is no program sandbox\n"))
  }

  /// Checks that a stage for live images has a kernel, its initramfs, and what later kernels need.
  private func live(_ site: PortageSite, _ tarball: String) throws {
    let initramfs = try site.file("./boot/initramfs-6.12.img", in: tarball)
    #expect(initramfs?.contains(#"add_dracutmodules+=" dmsquash-live ""#) == true)
    let flags = "sys-kernel/installkernel dracut\n"
    #expect(try site.file("./etc/portage/package.use/00livecd", in: tarball) == flags)
    #expect(
      try site.file("./var/db/pkg/sys-kernel/installkernel-1/USE", in: tarball)?.words.contains("dracut")
        == true)
    #expect(
      try site.file("./var/lib/portage/world", in: tarball)?.contains("sys-kernel/gentoo-kernel-bin") == true)
    #expect(try site.file("./etc/hostname", in: tarball) == "livecd\n")
    #expect(try site.file("./etc/motd", in: tarball)?.contains("All changes are lost") == true)
  }

  /// Checks that a stage has one locale, and the `locale.gen` of its C library.
  private func locales(_ site: PortageSite, _ tarball: String) throws {
    #expect(try site.file("./usr/lib/locale/made", in: tarball) == "C.UTF-8 UTF-8\n")
    #expect(try site.file("./etc/env.d/02locale", in: tarball) == "LANG=C.UTF-8\n")
    #expect(try site.file("./etc/locale.gen", in: tarball) == "# en_US.UTF-8 UTF-8\n")
    #expect(try site.file("./etc/locale.gen.before", in: tarball) == nil)
  }

  /// Checks that Portage works in the stage.
  private func sane(_ site: PortageSite, _ tarball: String) throws {
    try site.workspace.shell(
      """
      mkdir -p try; tar -xpf '\(site.path)/\(tarball)' -C try
      mkdir -p try/var/db/repos/gentoo; cp -R tree/. try/var/db/repos/gentoo
      unshare --mount sh -eu -c '
        mount -t proc proc try/proc; mount --rbind /dev try/dev
        chroot try /usr/bin/emerge --info > info 2>&1 || { cat info >&2; exit 1; }
        grep -q "^USE=" info
        chroot try /usr/bin/portageq match / app-misc/hello | grep -qx app-misc/hello-1.0
        chroot try /usr/bin/hello | grep -qx hello
      '
      rm -rf try
      """)
  }

  @Test("a package that does not compile fails the build, and is named; make.conf is restored")
  func broken() throws {
    let site = try PortageSite("[section stage1]\nupdate-seed: no\npackages: app-misc/broken\n")
    let outcome = try site.build("stage1", Self.version, "--keep-work")
    #expect(outcome.status == 1)
    #expect(
      outcome.errorText.contains(" * ERROR: app-misc/broken-1.0::gentoo failed (compile phase)"),
      "\(outcome.errorText)")
    let errors = try #require(site.text("\(Self.version)/log/errors.json"))
    let failed = try JSONDecoder().decode([[String: String]].self, from: Data(errors.utf8))
    #expect(failed == [["ebuild": "app-misc/broken-1.0", "phase": "compile"]])
    #expect(site.text("\(Self.version)/status") == "fail")
    #expect(site.text(".control/.failcount")?.trimmingCharacters(in: .whitespacesAndNewlines) == "1")
    #expect(site.text(".control/version/stage3") == "2026-11-01\n")
    #expect(site.text("stage3-latest.tar") == nil)
    let portage = "tmp/work/gentoo/stage1-generic_64-gentoo-\(Self.version)/etc/portage"
    let configuration = try site.workspace.shell("ls \(portage); cat \(portage)/make.conf").text
    #expect(configuration.contains("CFLAGS=") && !configuration.contains("-*"))
    #expect(!configuration.contains("make.conf.before"))
    let log = try #require(site.text("\(Self.version)/log/stage1.txt"))
    #expect(log.contains(">>> USE is -* build nls"))
  }

  @Test("targets that are built at once share their jobs")
  func jobs() throws {
    let site = try PortageSite(
      """
      [section multi]
      targets: snapshot
      [section target when target is first]
      spec: stage4
      [section target when target is second]
      spec: stage4
      [section stage4]
      packages: app-misc/jobs
      """)
    let outcome = try site.build("full+first+second", Self.version, "--jobs", "2")
    try #require(
      outcome.status == 0, "\(outcome.errorText)\n\(site.text("\(Self.version)/log/first.txt") ?? "")")
    func highest(_ names: String) throws -> Int {
      let numbers = try site.workspace.shell("cat tmp/cache/distfiles/jobs.*/\(names)").text
      return numbers.split(separator: "\n").compactMap { Int($0) }.max() ?? 0
    }
    let processors = ProcessInfo.processInfo.activeProcessorCount
    #expect(try highest("own") > max(1, processors / 2))
    #expect(try highest("all") <= processors + 1)
  }

  @Test("kits have python-kit's profiles, and a seed that names another tree is put right")
  func kits() throws {
    #if arch(arm64)
      let profile = "core-kit:default/linux/arm64/23.0"
    #else
      let profile = "core-kit:default/linux/amd64/23.0"
    #endif
    let site = try PortageSite(
      """
      [section release]
      style: macaroni
      [section snapshot]
      type: dead
      [section snapshot/source]
      branch: next
      [section snapshot/kits]
      core-kit: next
      old-kit: skip
      [section profile]
      arch: \(profile)
      subarch:
      build:
      flavor:
      stage1: core-kit:mix-ins/stage1
      stage1/USE: foo
      [section stage1]
      update-seed: no
      packages: app-misc/hello
      [section emerge]
      packages: app-misc/extra
      [section steps]
      chroot/run/extra: [
      say "targets: $(portageq envvar PYTHON_TARGETS); repositories: $(portageq get_repos /)"
      ]
      """, remote: "git/meta-repo")
    try MetaRepositorySite.make(
      in: site.workspace,
      core: """
        rm -rf profiles metadata; cp -R ../../tree/* .; echo core-kit > profiles/repo_name
        printf 'repo-name = core-kit\\naliases = gentoo\\nmasters =\\nthin-manifests = true\\nprofile-formats = portage-2\\n' > metadata/layout.conf
        mkdir -p profiles/mix-ins/stage1; echo 8 > profiles/mix-ins/stage1/eapi
        echo 'USE="-* build pam gawk"' > profiles/mix-ins/stage1/make.defaults
        sed -i 's/IUSE="foo nls"/IUSE="foo nls pam"/' app-misc/hello/hello-1.0.ebuild
        echo 'SYMLINK_LIB=yes ABI=x DEFAULT_ABI=x LIBDIR_x=usr/lib64' >> profiles/base/make.defaults
        """)
    let outcome = try site.build("freshen", Self.version)
    let log = site.text("\(Self.version)/log/stage3-freshen.txt") ?? ""
    try #require(outcome.status == 0, "\(outcome.errorText)\n\(log)")
    #expect(log.contains(">>> targets: python3_9; repositories: "), "\(log)")
    #expect(!log.contains("!!! Section 'gentoo'") && !log.contains("/var/db/repos/gentoo"), "\(log)")
    let stage3 = Self.stage("stage3")
    #expect(
      try site.file("./etc/portage/make.profile/parent", in: stage3)
        == "\(profile)\npython-kit:funtoo/kits/python-kit/next/3.9\n")
    #expect(
      try site.file("./etc/portage/repos.conf/ego-core-kit", in: stage3) == """
        [DEFAULT]
        main-repo = core-kit

        [core-kit]
        location = /var/git/meta-repo/kits/core-kit
        auto-sync = no
        priority = 7

        """)
    let ego = try #require(try site.file("./etc/ego.conf", in: stage3))
    #expect(ego.contains("release = next\nsync_base_url = https://github.com/macaroni-os/{repo}\n"))
    #expect(ego.hasSuffix("[kits]\ncore-kit = next\nold-kit = skip\n"))

    // The mix-in of a stage1 has the flags that a toolchain needs; it is for the build only.
    let first = try site.build("stage1", "2026-11-24", "metro/options:", "replace")
    let said = site.text("2026-11-24/log/stage1.txt") ?? ""
    try #require(first.status == 0, "\(first.errorText)\n\(said)")
    let stage1 = Self.stage("stage1").replacing(Self.version, with: "2026-11-24")
    let flags = try site.file("./var/db/pkg/app-misc/hello-1.0/USE", in: stage1)?.words ?? []
    #expect(flags.contains("foo") && flags.contains("pam"), "\(flags)")
    #expect(try site.file("./etc/portage/make.profile/parent", in: stage1)?.contains("mix-ins") == false)
    let listing = try site.workspace.run(["tar", "-tvf", "\(site.path)/\(stage1)", "./lib"]).text
    #expect(listing.contains("./lib -> usr/lib64"), "\(listing)")
  }

  @Test(
    "variants share a stage1, also with systemd; the tree can be an image with an overlay; distcc is for the build only"
  )
  func variants() throws {
    let site = try PortageSite(
      """
      [section stage1]
      update-seed: no
      [section multi]
      variants: openrc systemd
      [section snapshot]
      format: squashfs
      overlays: ours
      [section snapshot/overlay/ours]
      type: local
      remote: $[path/mirror]/../ours
      [section emerge]
      packages: app-misc/over
      [section build]
      distcc: 192.0.2.1
      """)
    try site.workspace.shell(
      """
      mkdir -p ours/profiles ours/metadata ours/app-misc/over
      echo ours > ours/profiles/repo_name; sed 's/^masters.*/masters = gentoo/' tree/metadata/layout.conf > ours/metadata/layout.conf
      sed 's/A program in C/From an overlay/' tree/app-misc/hello/hello-1.0.ebuild \
        | sed 's/hello.c/over.c/; s/hello/over/g' > ours/app-misc/over/over-1.0.ebuild
      cp -R tree/app-misc/hello/files ours/app-misc/over/; mv ours/app-misc/over/files/hello.c ours/app-misc/over/files/over.c
      """)
    let outcome = try site.build("full", Self.version)
    try #require(
      outcome.status == 0,
      "\(outcome.errorText)\n\(site.text("\(Self.version)/log/stage3-systemd.txt") ?? "")")
    #expect(
      site.text("\(Self.version)/log/stage1.txt")?.contains(
        "portage-\(Self.version).squashfs at /var/db/repos/gentoo") == true)
    let (plain, systemd) = (Self.stage("stage3"), Self.stage("stage3-systemd"))
    let packages = "./var/db/pkg/sys-apps/systemd-1/"
    #expect(try !site.names(in: plain).contains(packages))
    let names = try site.names(in: systemd)
    #expect(names.contains(packages) && names.contains("./usr/bin/over"))
    #expect(try site.file("./var/db/pkg/sys-libs/pam-1/USE", in: systemd)?.words.contains("systemd") == true)
    #expect(try site.file("./var/db/pkg/app-misc/over-1.0/repository", in: systemd) == "ours\n")
    #expect(
      try site.file("./etc/portage/repos.conf/ours.conf", in: systemd)?.contains(
        "location = /var/db/repos/ours\n") == true)
    // Neither the tree nor the link to the overlay in it is a part of the stage.
    #expect(
      names.filter { $0.hasPrefix("./var/db/repos/") }.sorted() == [
        "./var/db/repos/", "./var/db/repos/gentoo/",
      ])
    #expect(site.text("\(Self.version)/log/stage3.txt")?.contains("distcc would use 192.0.2.1\n") == true)
    #expect(!names.contains { $0.contains("distcc") })
  }

  @Test("freshen, quick and images of the result", arguments: ["freshen", "quick"])
  func others(mode: String) throws {
    let site = try PortageSite("[section emerge]\npackages: app-misc/extra\n", localeGen: 2)
    let outcome = try site.build("\(mode)+lxd", Self.version)
    try #require(outcome.status == 0, "\(outcome.errorText)")
    let stage3 = Self.stage("stage3")
    #expect(try site.file("./var/lib/portage/world", in: stage3) == "app-misc/extra\n")
    #expect(try site.names(in: stage3).contains("./usr/bin/hello"))
    try locales(site, stage3)
    let image = try site.names(in: Self.stage("lxd"))
    #expect(image.contains("./metadata.yaml") && image.contains("./rootfs/usr/bin/extra"))
    #expect(!image.contains("./usr/"))
    try sane(site, stage3)
  }
}

extension String {
  /// Its words.
  fileprivate var words: [Substring] { split { $0.isWhitespace } }
}
