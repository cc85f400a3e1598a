import MirrorModel
import LinuxSystem
import SystemPackage

/// The machine that the programs of a stage are for, and how they run here.
struct StageMachine {
  private let subarch: String
  /// nil if the configuration gives the architecture a name of its own.
  private let expected: [ProgramHeader.Machine]?
  private let host = ForeignArchitecture()

  init(_ settings: BuildSettings) throws {
    let place = SubarchPlace(
      build: FileName(try settings.text("target/build") ?? ""),
      arch: FileName(try settings.text("target/arch_desc") ?? ""),
      name: FileName(try settings.text("target/subarch") ?? ""))
    subarch = "\(place.arch) \(place.name)"
    expected = Architecture.machines(of: place)
  }

  /// How the programs of a seed run that is not unpacked yet.
  ///
  /// - Throws: when this is not possible.
  func means(forSeed seed: FilePath) throws(MirrorError) -> ForeignArchitecture.Means {
    // The name of the architecture is enough: gigabytes need not be searched.
    guard let expected, expected.count == 1 else { return try host.means(forTarball: seed) }
    return try host.means(for: ProgramHeader(expected[0]), of: "\(seed)")
  }

  /// How the programs of an unpacked seed run; `means` if it has no shell that tells.
  ///
  /// - Throws: when this is not possible, or the seed is for another machine than the subarch.
  func means(
    forRoot root: FilePath, of seed: FilePath, otherwise means: ForeignArchitecture.Means
  ) throws(MirrorError) -> ForeignArchitecture.Means {
    guard let found = try ForeignArchitecture.shell(of: root)?.machine else { return means }
    if let expected, !expected.contains(found) {
      throw MirrorError(
        .refused, "\(seed)",
        "contains programs for \(Architecture.title(of: found)), but \(subarch) is for "
          + expected.map(Architecture.title(of:)).joined(separator: " or "),
        remedy: "use a seed for that architecture, or build this one in a subarch of its own architecture")
    }
    return try host.means(forRoot: root)
  }
}
