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
    abstract: "Check whether this machine can keep the mirror and build, and how to fix what is missing.",
    discussion: """
      What only builds need is skipped if neither the configuration nor the mirror has to do with builds. \
      Paths that need a target are also checked if one is given, e.g. target: stage3 target/build: x.
      """)

  @OptionGroup var global: GlobalOptions
  @Flag(name: .long, help: "Also check what builds need, whatever the configuration says.") var builds = false
  @OptionGroup var definitions: DefinitionArguments

  func run(_ context: CommandContext) throws -> ExitStatus {
    let renderer = global.renderer(context)
    let file = try ConfigurationFile(global.configuration.request(context, defining: definitions.pairs))
    let configuration = try MirrorConfiguration(file)
    let mirror = try? global.root(context, configuration.mirror)
    let found = mirror.flatMap { root in
      try? MirrorScanner(
        root: root, layout: configuration.layout, kinds: configuration.kinds, now: context.now(),
        probe: context.probe
      ).scan()
    }
    var facts = try DoctorFacts.gather(
      places: places(file, mirror), rules: WorkPlaces(file.elements, mirror: mirror),
      architectures: configuration.rotation.arches ?? [],
      omittingBuilds: omission(file, mirror, found))
    // That it does not exist is a finding of its own.
    if let mirror, mirror.exists {
      facts.upkeep = try UpkeepFacts.gather(
        mirror, found, configuration, stateDirectory: context.stateDirectory, now: context.now(),
        context.cancellation)
    }
    if let signing = configuration.signing { facts.key = Self.key(signing, context) }
    let farm = try FarmSettings(file.elements)
    facts.lacksMirror = mirror == nil
    facts.buildsMakeMirror = farm.hasOwnMirrors
    var doctor = Doctor(facts, naming: \.commandLine)
    doctor.warn([configuration.signing?.exposedHome].compactMap(\.self), naming: \.commandLine)
    doctor.warn(Self.keptWork(configuration.caches), naming: \.commandLine)
    doctor.warn(try farmProblems(farm, file, mirror, context), naming: \.commandLine)
    if let found { doctor.warn(configuration.rotation.oddities(in: found), naming: \.commandLine) }
    return try renderer.print(DoctorReport(mirror: mirror.map { "\($0)" }, doctor))
  }

  private func places(_ file: ConfigurationFile, _ mirror: FilePath?) -> [(key: String, path: FilePath)] {
    // Without a target path/work may be undefined; path/tmp, which contains it, then shows the disk.
    let work = ["path/tmp", "path/work"].compactMap { key -> (key: String, path: FilePath)? in
      guard let text = try? file.elements.text(key), text.hasPrefix("/") else { return nil }
      return (key, FilePath(text).normalized)
    }
    return work + (mirror.map { [("path/mirror", $0)] } ?? [])
  }

  /// Why builds are not examined; nil if they are: where a mirror is only kept, their tools need not be there.
  private func omission(_ file: ConfigurationFile, _ mirror: FilePath?, _ found: Mirror?) -> String? {
    guard let mirror, !builds, definitions.pairs.isEmpty,
      BuildTraces.first(in: file.elements, found) == nil
    else { return nil }
    return
      "not examined, since no setting is about builds, and no subarch of \(mirror) is prepared for them; "
      + "--builds examines them"
  }

  private func farmProblems(
    _ farm: FarmSettings, _ file: ConfigurationFile, _ mirror: FilePath?, _ context: CommandContext
  ) throws -> [MirrorError] {
    guard farm.engine == .slurm else { return [] }
    return FarmCheck.problems(
      farm, master: try FarmMaster(file.elements), campaigns: try campaigns(farm, of: mirror, context),
      cancellation: context.cancellation)
  }

  /// The campaigns that this machine submitted.
  private func campaigns(
    _ settings: FarmSettings, of mirror: FilePath?, _ context: CommandContext
  ) throws -> [CampaignRecord] {
    guard let mirror, let farm = Farm(of: mirror, settings, context) else { return [] }
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

  /// A key, and the problem that prevents signing with it, now or soon.
  private static func key(
    _ signing: SigningSettings, _ context: CommandContext
  ) -> (fingerprint: String, until: Int64?, fault: MirrorError?) {
    let name = "\(signing.key)"
    do throws(MirrorError) {
      let key = try PublicKeyFile.key(signing, cancellation: context.cancellation)
      return (name, key.signsUntil, key.warning(at: context.now()) ?? key.absence)
    } catch { return (name, nil, error) }
  }
}
