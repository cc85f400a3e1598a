import LinuxSystem

/// Sources: `elf(5)` and the header `linux/elf-em.h` for machines; QEMU's names of user-mode emulators.
extension Architecture: CaseIterable {
  package static let amd64 = Architecture(
    .init(class: 2, number: 62), "64-bit x86", ["amd64", "x86-64bit", "pure64"], emulator: "x86_64",
    image: "amd64")
  package static let x86 = Architecture(
    .init(class: 1, number: 3), "32-bit x86", ["x86", "x86-32bit"], emulator: "i386", image: "i386")
  package static let x32 = Architecture(
    .init(class: 1, number: 62), "x32 (64-bit x86 with 32-bit pointers)", [], emulator: nil)
  package static let arm64 = Architecture(
    .init(class: 2, number: 183), "64-bit ARM", ["arm64", "arm-64bit"], emulator: "aarch64", image: "arm64")
  package static let arm64Big = Architecture(
    .init(class: 2, number: 183, isBigEndian: true), "big-endian 64-bit ARM", [], emulator: "aarch64_be")
  package static let arm = Architecture(
    .init(class: 1, number: 40), "32-bit ARM", ["arm", "arm-32bit"], emulator: "arm", image: "armhf")
  package static let riscv64 = Architecture(
    .init(class: 2, number: 243), "64-bit RISC-V", ["riscv", "riscv-64bit"], emulator: "riscv64",
    image: "riscv64")
  package static let riscv32 = Architecture(
    .init(class: 1, number: 243), "32-bit RISC-V", [], emulator: "riscv32")
  package static let ppc = Architecture(
    .init(class: 1, number: 20, isBigEndian: true), "32-bit PowerPC", ["ppc"], emulator: "ppc",
    image: "powerpc")
  package static let ppc64 = Architecture(
    .init(class: 2, number: 21, isBigEndian: true), "64-bit PowerPC", ["ppc64"], emulator: "ppc64",
    image: "ppc64")
  package static let ppc64le = Architecture(
    .init(class: 2, number: 21), "little-endian 64-bit PowerPC", ["ppc64le"], emulator: "ppc64le",
    image: "ppc64el")
  package static let s390x = Architecture(
    .init(class: 2, number: 22, isBigEndian: true), "64-bit S/390", ["s390"], emulator: "s390x",
    image: "s390x")
  package static let loong = Architecture(
    .init(class: 2, number: 258), "64-bit LoongArch", ["loong"], emulator: "loongarch64",
    image: "loongarch64")
  package static let alpha = Architecture(
    .init(class: 2, number: 0x9026), "Alpha", ["alpha"], emulator: "alpha")
  package static let hppa = Architecture(
    .init(class: 1, number: 15, isBigEndian: true), "PA-RISC", ["hppa"], emulator: "hppa")
  package static let m68k = Architecture(
    .init(class: 1, number: 4, isBigEndian: true), "Motorola 68000", ["m68k"], emulator: "m68k")
  package static let sparc64 = Architecture(
    .init(class: 2, number: 43, isBigEndian: true), "64-bit SPARC", ["sparc"], emulator: "sparc64")
  package static let sparc = Architecture(
    .init(class: 1, number: 2, isBigEndian: true), "32-bit SPARC", [], emulator: "sparc")
  package static let sparcPlus = Architecture(
    .init(class: 1, number: 18, isBigEndian: true), "32-bit SPARC (V8+)", [], emulator: "sparc32plus")
  package static let mips = Architecture(
    .init(class: 1, number: 8, isBigEndian: true), "32-bit MIPS", [], emulator: "mips")
  package static let mipsLittle = Architecture(
    .init(class: 1, number: 8), "little-endian 32-bit MIPS", [], emulator: "mipsel")
  package static let mips64 = Architecture(
    .init(class: 2, number: 8, isBigEndian: true), "64-bit MIPS", [], emulator: "mips64")
  package static let mips64Little = Architecture(
    .init(class: 2, number: 8), "little-endian 64-bit MIPS", [], emulator: "mips64el")

  package static let allCases: [Architecture] = [
    .amd64, .x86, .x32, .arm64, .arm64Big, .arm, .riscv64, .riscv32, .ppc, .ppc64, .ppc64le, .s390x, .loong,
    .alpha, .hppa, .m68k, .sparc64, .sparc, .sparcPlus, .mips, .mipsLittle, .mips64, .mips64Little,
  ]
}
