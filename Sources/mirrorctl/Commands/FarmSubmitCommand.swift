import ArgumentParser
import LinuxSystem
import MirrorTools
import StageBuilder

struct FarmSubmitCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "submit", abstract: "Begin a campaign: build on the nodes of the cluster.",
    usage: """
      mirrorctl farm submit [<options>] <build>/<arch>/<subarch> ... [<mode>[+<extras>]] [<version>] [<name>: <value> ...]
      mirrorctl farm submit [<options>] --due | --all [<name>: <value> ...]
      """,
    discussion: """
      mirrorctl farm submit --due
      mirrorctl farm submit funtoo-current/x86-64bit full+openvz 2026-11-23

      The builds are those that `mirrorctl build` makes for the same arguments. Each target that does not exist \
      is a job of its own, after those that it needs. Nodes share the mirror, or each has its own and fetches what \
      it needs from this one. `mirrorctl farm run` moves the campaign on.
      """)

  @OptionGroup var options: FarmOptions
  @OptionGroup var selected: SelectionOptions

  @OptionGroup var preview: DryRunOptions

  @Argument(
    help: ArgumentHelp("What to build, and elements to define.", valueName: "what"),
    completion: .names(.place))
  var words: [String] = []

  func run(_ context: CommandContext) throws -> ExitStatus {
    let line = try BuildLine(words)
    guard selected.isGraph(line) else {
      throw ValidationError("Give BUILD/ARCH/SUBARCH, a directory above, --due or --all.")
    }
    let (farm, mirror) = try options.farm(context)
    let run = try options.global.read(context)
    let settings = selected.rotation.settings(over: run.configuration.rotation)
    var selection = try selected.selection(line, run, settings, options.global, context)
    if selected.due || selected.all { try leaveOut(farm.openGroups(), &selection, context) }
    let build = try options.global.buildContext(run, BuildShare(), context)
    if preview.dryRun { return try options.global.pretend(selection, nil, build, context) }
    let plan = try GraphRun(selection.requests, build).plan()
    plan.notes.forEach(context.message)
    return try submit(farm.nodes(of: plan), farm, context) { records, messages in
      try options.print(records, of: mirror, messages: messages, context)
    }.worse(plan.status)
  }

  /// Leaves out builds of the rotation that another campaign makes.
  private func leaveOut(
    _ open: [String: String], _ selection: inout BuildSelection, _ context: CommandContext
  ) throws {
    for request in selection.requests {
      guard let campaign = open[request.label], let path = request.path else { continue }
      if !options.global.quiet { context.message("\(request.label): is part of campaign \(campaign)") }
      selection.inProgress.append(path)
    }
    selection.requests.removeAll { open[$0.label] != nil }
  }

  private func submit(
    _ nodes: [FarmNode], _ farm: Farm, _ context: CommandContext,
    _ print: ([CampaignRecord], [MirrorError]) throws -> ExitStatus
  ) throws -> ExitStatus {
    guard !nodes.isEmpty else { return try print([], []) }
    let (campaign, isNew) = try farm.begin(nodes, specs: options.specs(context))
    if !isNew { context.message("all of it is already part of campaign \(campaign.id)") }
    var messages: [MirrorError] = []
    do throws(SlurmError) { try campaign.step() } catch {
      // It is recorded, so the next run submits it.
      guard case .away(let error) = error else { throw error.error }
      messages.append(error)
    }
    return try print([try campaign.record()], messages)
  }
}
