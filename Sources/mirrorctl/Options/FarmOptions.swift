import ArgumentParser
import FlexData
import LinuxSystem
import MirrorTools
import StageBuilder
import SystemPackage

/// Options of the verbs that work on campaigns.
struct FarmOptions: ParsableArguments {
  @OptionGroup var global: GlobalOptions

  /// The farm of the mirror, and the mirror's root.
  func farm(_ context: CommandContext) throws -> (farm: Farm, mirror: FilePath) {
    context.log(global.verbosity.verbose)
    let file = try ConfigurationFile(global.configuration.request(context))
    let mirror = try global.root(context, MirrorConfiguration(file).mirror)
    let settings = try FarmSettings(file.elements)
    guard let farm = Farm(of: mirror, settings, context) else {
      throw MirrorError(
        .invalid, "farm/engine", "is \(settings.engine.rawValue)",
        remedy: "set engine: slurm in [section farm] of the configuration, see mirrorctl.conf(5)")
    }
    return (farm, mirror)
  }

  /// The digest of the spec tree with which builds are made here; nil if there is none.
  func specs(_ context: CommandContext) throws -> String? {
    let file = try ConfigurationFile(global.configuration.request(context))
    let trees = ["path/install", "path/specs"].compactMap { (try? file.elements.text($0)).flatMap(\.self) }
      .filter { $0.hasPrefix("/") }.map { FilePath($0) }
    return try SpecTreeDigest.key(of: trees.isEmpty ? [context.specTree].compactMap(\.self) : trees)
  }

  /// Prints what became of campaigns.
  func print(
    _ records: [CampaignRecord], of mirror: FilePath, messages: [MirrorError] = [], isResult: Bool = false,
    _ context: CommandContext
  ) throws -> ExitStatus {
    try global.renderer(context).print(
      FarmReport(mirror: "\(mirror)", records, messages: messages, isResult: isResult))
  }
}

extension CampaignRecord {
  /// The target with an ID.
  func node(named id: String) throws(MirrorError) -> FarmNode {
    if let node = plan.nodes.first(where: { $0.id == id }) { return node }
    throw MirrorError(
      .invalid, escaped(Array(id.utf8)), "is not a target of campaign \(plan.id)",
      remedy: "see \(run: .campaigns)")
  }
}

extension Farm {
  /// The farm of a mirror; nil if builds run on this machine only.
  init?(of mirror: FilePath, _ settings: FarmSettings, _ context: CommandContext) {
    guard settings.engine == .slurm else { return nil }
    self.init(
      of: mirror, in: context.stateDirectory, settings, cancellation: context.cancellation, now: context.now)
  }

  /// The targets of unfinished campaigns; an error is reported, and then there are none.
  static func openTargets(
    of mirror: FilePath, _ settings: Result<FarmSettings, any Error>, _ context: CommandContext
  ) -> [FarmTarget] {
    do {
      return try Farm(of: mirror, try settings.get(), context)?.openTargets() ?? []
    } catch let error as MirrorError { context.tell(error) } catch {
      context.tell(MirrorError(.invalid, "farm", "\(error)"))
    }
    return []
  }

  /// The result of a request to Slurm; whatever prevents it is an error.
  static func answer<Value>(to request: () throws(SlurmError) -> Value) throws(MirrorError) -> Value {
    do throws(SlurmError) { return try request() } catch { throw error.error }
  }

  /// The campaigns with these IDs; without any, those that are not finished.
  func campaigns(named names: [String]) throws(MirrorError) -> [Campaign] {
    var chosen: [Campaign] = []
    for campaign in try campaigns() {
      let isWanted = names.isEmpty ? try !campaign.record().isFinished : names.contains(campaign.id)
      if isWanted { chosen.append(campaign) }
    }
    if let unknown = names.first(where: { name in !chosen.contains { $0.id == name } }) {
      throw MirrorError(
        .invalid, escaped(Array(unknown.utf8)), "is not a campaign of this mirror",
        remedy: "see \(run: .campaigns)")
    }
    return chosen
  }

  /// The campaign with an ID.
  func campaign(named name: String) throws(MirrorError) -> Campaign {
    try campaigns(named: [name]).first ?? campaign(name)
  }
}
