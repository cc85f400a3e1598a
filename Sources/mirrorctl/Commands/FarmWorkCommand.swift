import ArgumentParser
import LinuxSystem
import MirrorModel
import MirrorTools
import StageBuilder
import SystemPackage

struct FarmWorkCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "work", abstract: "Build the target of a job on this node, in a mirror of its own.",
    discussion: "Fetches from the master what the target is made from, builds it, and uploads the result.")

  @OptionGroup var options: FarmOptions

  @Argument(help: "The job.")
  var job: String

  /// How long a verb there may wait for the lock of the mirror, in seconds, as an option.
  private static let patience = ["--lock-wait", "3600"]

  func run(_ context: CommandContext) throws -> ExitStatus {
    let file = try ConfigurationFile(options.global.configuration.request(context))
    guard let master = try FarmMaster(file.elements) else {
      throw leave("farm/master/to is not set", FarmJobState.unfit, context)
    }
    let order = try order(from: master, context)
    if let specs = order.specs, try options.specs(context) != specs {
      throw leave("the spec tree is not that of the campaign", FarmJobState.unfit, context)
    }
    guard !order.isDone else {
      context.message("\(job): was received already")
      return .done
    }
    let root = try options.global.root(context, MirrorConfiguration(file).mirror)
    try passing(context) { try prepare(root, order, master, context) }
    let status = try build(order, in: root, context)
    let hasFailed = try hasFailed(order, in: root)
    guard status == 0 || hasFailed else { throw ExitCode(status) }
    try deliver(order, isDone: status == 0, master, context)
    throw ExitCode(status)
  }

  /// Asks the master what to do.
  private func order(from master: FarmMaster, _ context: CommandContext) throws -> FarmOrder {
    let outcome = try ask(master, ["order", job] + Self.patience, context)
    guard let order = FarmOrder(outcome.output) else {
      throw leave("the master gives orders of another version", FarmJobState.unfit, context)
    }
    return order
  }

  /// Makes the mirror of this node one in which the target can be built.
  private func prepare(
    _ root: FilePath, _ order: FarmOrder, _ master: FarmMaster, _ context: CommandContext
  ) throws {
    try root.makeDirectories(mode: 0o755)
    let run = try open(context)
    try run.mark()
    let fetched = try FarmFetchRun(run, from: master, order.files).apply()
    for file in fetched { context.message("\(file.path): fetched, \(humanBytes(file.bytes))") }
    try ControlText.replace(
      order.control,
      in: AnchoredDirectory(root: root, ownershipRules: run.configuration.ownershipRules()))
  }

  private func build(_ order: FarmOrder, in root: FilePath, _ context: CommandContext) throws -> Int32 {
    let global = options.global
    let own =
      ["--mirror", root.string] + (global.configuration.config.map { ["--config", $0] } ?? [])
      + (global.configuration.noHostCode ? ["--no-host-code"] : [])
    let words = Array(order.build.prefix(1)) + own + order.build.dropFirst()
    return try HostProgram.run(
      [OwnProgram.path.string] + words, errors: .ours, cancellation: context.cancellation
    ) { context.output.write($0) }.status
  }

  private func hasFailed(_ order: FarmOrder, in root: FilePath) throws -> Bool {
    guard let subarch = order.subarch else { return false }
    return try ControlText.hasFailure(
      subarch, target: order.product.name, in: AnchoredDirectory(root: root))
  }

  /// Uploads what was built, and makes the master receive it, or count the failure.
  private func deliver(
    _ order: FarmOrder, isDone: Bool, _ master: FarmMaster, _ context: CommandContext
  ) throws {
    try passing(context) {
      _ = try FarmUploadRun(
        open(context), to: master, order.product, packages: isDone ? order.packages : nil, as: job
      ).apply()
    }
    let outcome = try ask(master, ["receive", job] + Self.patience + (isDone ? [] : ["--failed"]), context)
    context.output.write(outcome.output)
  }

  /// The mirror of this node, locked.
  private func open(_ context: CommandContext) throws -> MirrorRun {
    try options.global.write(
      context, as: "farm work", try LockOptions.parse(Self.patience), creates: true)
  }

  /// Runs a verb of the farm on the master.
  private func ask(
    _ master: FarmMaster, _ words: [String], _ context: CommandContext
  ) throws -> HostProgram.Outcome {
    let outcome = try passing(context) { try master.run(["farm"] + words, context.cancellation) }
    context.errors.write(outcome.errors)
    guard outcome.status == 0 else {
      // The queue shows the last line.
      let reason = String(decoding: outcome.errors, as: UTF8.self).split(separator: "\n").last
      throw leave(
        "farm \(words[0]) failed on the master: \(reason ?? "status \(outcome.status)")",
        FarmJobState.transfer,
        context)
    }
    return outcome
  }

  /// Runs what needs the master; an error is not one of the build.
  private func passing<Value>(_ context: CommandContext, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as MirrorError where error.code != .interrupted {
      throw leave(error.text(\.commandLine), FarmJobState.transfer, context)
    }
  }

  /// The end of a job that says nothing about its build.
  private func leave(_ text: String, _ status: Int32, _ context: CommandContext) -> ExitCode {
    context.message(text)
    return ExitCode(status)
  }
}
