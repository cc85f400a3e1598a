@testable import LinuxSystem
import TestSupport
import Testing

@testable import MirrorModel

@Suite("The grammar of a mirror's paths")
struct MirrorGrammarTests {
  private static let generic = SubarchPlace(build: "current", arch: "x86-64bit", name: "generic_64")

  private static let places: [(MirrorPath, MirrorPlace)] = [
    (.root, .root),
    ("index.xml", .build("index.xml")),
    ("streams/v1/index.json", .service("streams/v1/index.json")),
    ("project/trace/here", .service("project/trace/here")),
    ("current/snapshots", .snapshots(build: "current")),
    (
      "current/snapshots/portage-2026-11-20.tar.xz",
      .snapshot("portage-2026-11-20.tar.xz", build: "current")
    ),
    ("current/snapshots/.~partial~/a.tar", .snapshot(".~partial~/a.tar", build: "current")),
    ("snapshots", .snapshots(build: "snapshots")),
    (
      "snapshots/gentoo-20200101T170303Z.tar.xz",
      .snapshot("gentoo-20200101T170303Z.tar.xz", build: "snapshots")
    ),
    (
      "releases/amd64/autobuilds/20200101T170303Z",
      .version("20200101T170303Z", SubarchPlace(build: "releases", arch: "amd64", name: "autobuilds"))
    ),
    ("current/x86-64bit", .arch("x86-64bit", build: "current")),
    ("current/x86-64bit/generic_64", .subarch(generic)),
    ("current/x86-64bit/generic_64/2026-11-20", .version("2026-11-20", generic)),
    ("current/x86-64bit/generic_64/.control", .control(generic)),
    ("current/x86-64bit/generic_64/.control/version/stage4/lxd", .controlFile("version/stage4/lxd", generic)),
    (
      "current/x86-64bit/generic_64/2026-11-20/status", .versionFile("status", version: "2026-11-20", generic)
    ),
    (
      "current/x86-64bit/generic_64/2026-11-20/log/stage3.txt",
      .versionFile("log/stage3.txt", version: "2026-11-20", generic)
    ),
  ]

  @Test("turns every path into a place and back", arguments: places)
  func roundTrip(_ path: MirrorPath, _ place: MirrorPlace) {
    #expect(path.place == place)
    #expect(MirrorPath(place) == path)
  }

  @Test("turns any path of names into a place and back")
  func random() {
    var seed = Seeded(state: 13)
    let names: [FileName] = ["a", "snapshots", ".control", "streams", "version", "2026-11-20", ".x", "é"]
    for _ in 0..<2000 {
      let parts = (0..<Int.random(in: 0...7, using: &seed)).map { _ in
        names.randomElement(using: &seed) ?? "a"
      }
      let path = MirrorPath(joining: parts[...])
      #expect(MirrorPath(path.place) == path, "\(path)")
    }
  }

  @Test("knows which files belong together, and where")
  func units() {
    let version: MirrorPath = "current/x86-64bit/generic_64/2026-11-20"
    #expect(MirrorPath("\(version)/log/stage3.txt").unit(.builtIn) == version)
    #expect(
      ("current/snapshots/a-2026-11-20.tar.xz.hash.txt" as MirrorPath).unit(.builtIn)
        == "current/snapshots/a-2026-11-20.tar.xz")
    #expect(version.unit(.builtIn) == nil)
    #expect(version.joined(.root) == version && MirrorPath.root.joined(version) == version)
    #expect(version.section == "current/x86-64bit/generic_64")
    #expect(("current/snapshots/a.tar.xz" as MirrorPath).section == "current/snapshots")
    #expect(("current/snapshots/a/b.tar.xz" as MirrorPath).section == nil)
    #expect(("current/x86-64bit/README" as MirrorPath).section == nil)
    #expect(("streams/v1/images/x" as MirrorPath).section == nil)
  }
}

@Suite("The files of .control and of versions")
struct ControlFileTests {
  @Test(
    "each is read from its path and printed to it",
    arguments: [
      (".failcount", ControlFile.failcount), ("server", .server),
      ("failcount/openvz", .targetFailcount("openvz")),
      ("version/stage3", .version(target: "stage3")),
      ("version/stage4/lxd", .version(target: "stage4/lxd")), ("strategy/build", .buildStrategy),
      ("strategy/seed", .seedStrategy), ("remote/build", .remoteBuild), ("remote/arch_desc", .remoteArch),
      ("remote/subarch", .remoteSubarch), (".multi_progress", .lock(".multi_progress")),
      (".stage1_progress", .lock(".stage1_progress")),
    ] as [(MirrorPath, ControlFile)])
  func paths(_ path: MirrorPath, _ file: ControlFile) {
    #expect(ControlFile(path) == file)
    #expect(file.path == path)
  }

  @Test(
    "other names have no meaning",
    arguments: [
      "version", "version/.hidden", "version/a/b", "version/stage4/a/b", "strategy", "other", "failcount",
      "failcount/a/b",
      "failcount/.hidden",
      "multi_progress",
    ]
      as [MirrorPath])
  func others(_ path: MirrorPath) { #expect(ControlFile(path) == nil) }

  @Test("the value of a file is its first line without blanks")
  func words() {
    #expect(ControlFile.word(Array("  2026-11-20 \t\r\nmore\n".utf8)) == "2026-11-20")
    #expect(ControlFile.word(Array("\n2\n".utf8)) == nil)
    #expect(ControlFile.word([]) == nil)
    #expect(ControlFile.word(ControlFile.text("remote")) == "remote")
  }

  @Test("a failure count is a valid number")
  func failures() {
    #expect(ControlFile.word(Array("3\n4\n".utf8)).flatMap(ControlFile.failures) == 3)
    for text in ["-1", "x", "3 4", "99999999999999999999"] {
      #expect(ControlFile.word(Array(text.utf8)).flatMap(ControlFile.failures) == nil, "\(text)")
    }
  }

  @Test(
    "a version's files are read from their paths and printed to them",
    arguments: [
      ("status", VersionFile.status), ("build-info.json", .buildInfo), (".targets", .targets),
      ("failed", .failedTargets),
      ("log/stage3.txt", .log("stage3.txt")), ("log/a/b", .log("a/b")),
    ] as [(MirrorPath, VersionFile)])
  func versionFiles(_ path: MirrorPath, _ file: VersionFile) {
    #expect(VersionFile(path) == file)
    #expect(file.path == path)
    #expect(VersionFile(MirrorPath("x").joined(path)) == nil)
  }
}

@Suite("Architectures")
struct ArchitectureTests {
  private static let subarchs: [(String, String, [String]?)] = [
    ("amd64", "zen4", ["64-bit x86"]), ("pure64", "generic_64", ["64-bit x86"]),
    ("x86-64bit", "core2_64", ["64-bit x86"]), ("amd64", "x32", ["x32 (64-bit x86 with 32-bit pointers)"]),
    ("x86", "i686", ["32-bit x86"]), ("arm", "armv7a_hardfp", ["32-bit ARM"]),
    ("arm64", "arm64", ["64-bit ARM"]), ("arm64", "aarch64_be", ["big-endian 64-bit ARM"]),
    ("riscv", "rv64_lp64d", ["64-bit RISC-V"]), ("riscv", "rv32_ilp32", ["32-bit RISC-V"]),
    ("ppc", "ppc", ["32-bit PowerPC"]), ("ppc", "ppc64le", ["little-endian 64-bit PowerPC"]),
    ("ppc64", "power9", ["64-bit PowerPC"]), ("s390", "s390x", ["64-bit S/390"]),
    ("loong", "loongarch64", ["64-bit LoongArch"]), ("sparc", "sparc64", ["64-bit SPARC"]),
    ("sparc", "ultra", ["64-bit SPARC", "32-bit SPARC", "32-bit SPARC (V8+)"]),
    ("alpha", "alpha", ["Alpha"]), ("hppa", "hppa2.0", ["PA-RISC"]), ("m68k", "m68k", ["Motorola 68000"]),
    ("mips", "mipsel3_n32", ["little-endian 32-bit MIPS", "little-endian 64-bit MIPS"]),
    ("mine", "generic", nil),
  ]

  @Test("each name gives one", arguments: Architecture.allCases)
  func names(_ architecture: Architecture) {
    for name in architecture.directories { #expect(Architecture(directory: name) == architecture) }
    #expect(Architecture(architecture.machine) == architecture)
    #expect(ProgramHeader(ProgramHeader(architecture.machine).bytes)?.machine == architecture.machine)
  }

  @Test("only 64-bit processors run 32-bit programs as well")
  func compatible() {
    #expect(Architecture.amd64.companions.first == .x86)
    #expect(Architecture.arm64.companions == [.arm])
    for architecture in Architecture.allCases where !architecture.companions.isEmpty {
      #expect(architecture.machine.class == 2 && architecture.companions.allSatisfy { $0.machine.class == 1 })
    }
  }

  @Test("a subarch says which programs its stages contain", arguments: subarchs)
  func machines(arch: String, name: String, titles: [String]?) {
    let subarch = SubarchPlace(build: "b", arch: FileName(arch), name: FileName(name))
    #expect(Architecture.machines(of: subarch)?.map(Architecture.title(of:)) == titles)
  }
}
