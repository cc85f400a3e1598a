import FlexData
import Foundation
import MirrorTools
import SystemPackage
import TestSupport
import Testing

@Suite("Architectures and subarches of the spec tree")
struct ArchTests {
  /// Subarches by architecture; the names of a mirror in Metro's layout first.
  static let subarches: [(arches: String, subarches: String)] = [
    (
      "x86-64bit pure64 amd64",
      """
      generic_64 amd64-bulldozer amd64-jaguar amd64-k10 amd64-k8 amd64-k8+sse3 amd64-piledriver \
      amd64-steamroller atom_64 btver1_64 core-avx-i core2_64 corei7 intel64-broadwell intel64-haswell \
      intel64-ivybridge intel64-nehalem intel64-sandybridge intel64-silvermont intel64-westmere native_64 \
      nocona opteron_64 xen-pentium4+sse3_64 amd64-zen amd64-zen2 amd64-zen3 amd64-zen4 amd64-zen5 \
      intel64-skylake x86-64-v2 x86-64-v3 x86-64-v4
      """
    ),
    ("amd64", "amd64 k8 k8-sse3 amdfam10 core2 x32"),
    (
      "x86-32bit x86",
      """
      generic_32 amd64-k8+sse3_32 amd64-k8_32 athlon athlon-4 athlon-mp athlon-tbird athlon-xp atom_32 btver1 \
      core2_32 geode i486 i686 k6 k6-2 k6-3 native_32 pentium pentium-m pentium-mmx pentium2 pentium3 \
      pentium4 pentiumpro prescott xen-pentium4+sse3
      """
    ),
    ("x86", "x86 i586 i686-ssemath"),
    ("arm-64bit arm64", "generic_64 raspi3 raspi4"), ("arm64", "arm64 aarch64_be"),
    ("arm-32bit arm", "armv5te armv6j_hardfp armv7a_hardfp"),
    ("arm", "armv4l armv4tl armv5tel armv6j armv7a"),
    ("riscv-64bit riscv", "generic rv64_lp64d rv64_lp64 rv64_multilib rv32_ilp32 rv32_ilp32d"),
    ("hppa", "hppa1.1 hppa2.0"), ("sparc", "sparc sparc64"), ("s390", "s390x"), ("loong", "loong"),
    ("alpha", "alpha ev4 ev45 ev5 ev56 pca56 ev6 ev67"), ("m68k", "m68k m68k_a32"), ("ppc", "ppc g3 g4 g5"),
    ("ppc64", "ppc64 970 cell power5 power6 power7 power8 power9"),
    ("ppc64le", "ppc64le power7le power8le power9le"),
    (
      "mips",
      """
      mips2 mips32 mips32r2 mips3 mips2_softfloat mips32_softfloat mips32r2_softfloat mips3_n32 mips64_n32 \
      mips64r2_n32 mips3_n64 mips64_n64 mips64r2_n64 mips3_multilib mips64_multilib mips64r2_multilib mipsel2 \
      mips32el mips32r2el mipsel3 mipsel2_softfloat mips32el_softfloat mips32r2el_softfloat mipsel3_n32 \
      mips64el_n32 mips64r2el_n32 mipsel3_n64 mips64el_n64 mips64r2el_n64 mipsel3_multilib mips64el_multilib \
      mips64r2el_multilib
      """
    ),
  ]

  static let golden = FilePath(#filePath).removingLastComponent().appending("Specs/arches.txt")

  private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  /// What make.conf and make.profile of a stage contain.
  private static func row(
    _ elements: Elements, _ arch: String, _ subarch: String, _ prefix: String? = nil
  ) throws -> String {
    var pairs = [(name: "target/arch_desc", value: arch), (name: "target/subarch", value: subarch)]
    if let prefix { pairs.append((name: "profile/prefix", value: prefix)) }
    try elements.define(pairs, origin: "the test")
    let script = try #require(try elements.lines("steps/chroot/prerun"))
    func setting(_ name: String) -> String {
      script.first { $0.hasPrefix("\(name)=") }.map { $0.dropFirst(name.count + 2).dropLast().description }
        ?? "-"
    }
    let profile = try elements.text("profile/path")?.split(separator: "/").joined(separator: "/")
    let chost = try elements.text("arch/chost")
    return [
      "\(arch)/\(subarch)\(prefix.map { " \($0)" } ?? "")", profile ?? "-", chost ?? "-",
      setting("COMMON_FLAGS"), setting("CPU_FLAGS_X86"),
    ].joined(separator: " | ")
  }

  @Test("each subarch has a profile, CHOST, CFLAGS and CPU_FLAGS_X86, as a person reviewed them")
  func table() throws {
    let tree = try SpecSite()
    var request = ConfigurationFile.Request()
    request.named = tree.workspace.path.appending("conf")
    request.definitions = [
      (name: "target", value: "stage3"), (name: "target/build", value: "gentoo"),
      (name: "target/version", value: "2026-11-23"),
    ]
    let elements = try ConfigurationFile(request).elements
    var rows: [String] = []
    for entry in Self.subarches {
      for arch in Self.words(entry.arches) {
        for subarch in Self.words(entry.subarches) { rows.append(try Self.row(elements, arch, subarch)) }
      }
    }
    let listed = Set(Self.subarches.flatMap { Self.words($0.subarches) })
    #expect(Set(elements.comparedValues(of: "target/subarch")).subtracting(listed) == [], "not in the table")
    let arches = Set(Self.subarches.flatMap { Self.words($0.arches) })
    #expect(Set(elements.comparedValues(of: "target/arch_desc")) == arches)
    for prefix in ["time64", "split-usr", "time64/split-usr"] {
      rows.append(try Self.row(elements, "arm", "armv7a_hardfp", prefix))
    }
    let text = rows.joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(text.utf8).write(to: URL(fileURLWithPath: Self.golden.string))
      return
    }
    let expected = try String(contentsOf: URL(fileURLWithPath: Self.golden.string), encoding: .utf8)
    let known = Set(expected.split(separator: "\n"))
    #expect(Set(text.split(separator: "\n")).symmetricDifference(known) == [], "arches.txt differs")
  }
}
