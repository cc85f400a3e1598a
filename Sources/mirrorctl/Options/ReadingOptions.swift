import Hashing
import ArgumentParser

/// What the verbs that hash tarballs take besides `--jobs`.
struct ReadingOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("Read no more than so many bytes a second: 200M.", valueName: "bytes"))
  var maxRate: BytesArgument?

  @Flag(name: .long, help: "Leave the page cache as it was: take out what was read.")
  var dropCache = false

  /// How tarballs are read and hashed; `MIRRORCTL_ISA` takes away instructions that the processor has.
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
        throw ValidationError("MIRRORCTL_ISA: `\(word)` is no instruction set. Use some of: \(known), none.")
      }
      options.instructionSets.insert(set)
    }
    return options
  }
}
