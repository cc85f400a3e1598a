import LinuxSystem
import MirrorModel
import ArgumentParser
import FlexData
import MirrorTools
import StageBuilder
import SystemPackage

struct DoctorCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check whether this machine can build, and how to fix what is missing.",
    discussion:
      "Paths that need a target are also checked if one is given, e.g. target: stage3 target/build: x.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let renderer = global.renderer(context)
    let file = try ConfigurationFile(global.configuration.request(context, defining: definitions.pairs))
    let configuration = try MirrorConfiguration(file)
    let mirror = try? global.root(context, configuration.mirror)
    var places: [(key: String, path: FilePath)] = []
    for key in ["path/tmp", "path/work"] {
      // Without a target path/work may be undefined; path/tmp, which contains it, then shows the disk.
      guard let text = try? file.elements.text(key), text.hasPrefix("/") else { continue }
      places.append((key, FilePath(text).lexicallyNormalized()))
    }
    if let mirror { places.append(("path/mirror", mirror)) }
    let rules = WorkPlaces(file.elements, mirror: mirror)
    var facts = try DoctorFacts.gather(
      places: places, rules: rules, architectures: configuration.rotation.arches ?? [])
    if let signing = configuration.signing {
      facts.key = ("\(signing.key)", Self.fault(of: signing, context))
    }
    let farm = try FarmSettings(file.elements)
    facts.buildsMakeMirror = farm.hasOwnMirrors
    var doctor = Doctor(facts)
    doctor.warn([configuration.signing?.exposedHome].compactMap(\.self), naming: \.commandLine)
    doctor.warn(Self.keptWork(configuration.caches), naming: \.commandLine)
    if farm.engine == .slurm {
      let problems = FarmCheck.problems(
        farm, master: try FarmMaster(file.elements), campaigns: try campaigns(farm, of: mirror, context),
        cancellation: context.cancellation)
      doctor.warn(problems, naming: \.commandLine)
    }
    if let mirror,
      let found = try? MirrorScanner(
        root: mirror, layout: configuration.layout, kinds: configuration.kinds, now: context.now(),
        probe: context.probe
      ).scan()
    {
      doctor.warn(configuration.rotation.oddities(in: found), naming: \.commandLine)
    }
    return try renderer.print(DoctorReport(mirror: mirror.map { "\($0)" }, doctor))
  }

  /// The campaigns that this machine submitted.
  private func campaigns(
    _ settings: FarmSettings, of mirror: FilePath?, _ context: CommandContext
  ) throws -> [CampaignRecord] {
    guard let mirror else { return [] }
    let farm = Farm(
      of: mirror, in: context.stateDirectory, settings, cancellation: context.cancellation, now: context.now)
    return try farm.campaigns().map { campaign in try campaign.record() }
  }

  /// Work directories that take room on the disk until somebody removes them.
  private static func keptWork(_ settings: CacheSettings) -> [MirrorError] {
    guard let kept = try? settings.work.exists ? WorkDirectory.kept(below: settings.work) : [] else {
      return []
    }
    return kept.map {
      MirrorError(
        .invalid, "\($0.path)", "is kept by a build that failed",
        remedy: "go on in it (mirrorctl build --resume), or set caches/work/age (mirrorctl clean --caches)")
    }
  }

  /// The problem that prevents signing with a key, now or soon.
  private static func fault(of signing: SigningSettings, _ context: CommandContext) -> MirrorError? {
    do throws(MirrorError) {
      return try PublicKeyFile.listed(signing, cancellation: context.cancellation).warning(at: context.now())
    } catch { return error }
  }
}
