import Hashing
import ArgumentParser

/// Options of the verbs that hash tarballs, besides `--jobs`.
struct ReadingOptions: ParsableArguments {
  @Option(
    name: .long, of: BytesArgument.self,
    help: ArgumentHelp("Limit reading to this many bytes per second, e.g. 200M.", valueName: "bytes"))
  var maxRate: BytesArgument?

  @Flag(name: .long, help: "Evict what this run read from the page cache.")
  var dropCache = false

  /// How to read and hash tarballs; `MIRRORCTL_ISA` limits the instruction sets that may be used.
  func hashing(_ job: JobOptions, _ context: CommandContext) throws -> HashingOptions {
    var options = HashingOptions()
    options.jobs = job.jobs
    options.bytesPerSecond = maxRate?.bytes
    options.dropsCache = dropCache
    guard let list = context.environment["MIRRORCTL_ISA"], !list.isEmpty else { return options }
    options.instructionSets = []
    for word in list.split(separator: ",", omittingEmptySubsequences: false) where word != "none" {
      guard let set = InstructionSet(rawValue: String(word)) else {
        let known = InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError(
          "MIRRORCTL_ISA: unknown instruction set `\(word)`. Use one or more of: \(known), none.")
      }
      options.instructionSets.insert(set)
    }
    return options
  }
}
