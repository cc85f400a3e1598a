import ArgumentParser

/// Whether to only print what a verb would do.
struct DryRunOptions: ParsableArguments {
  @Flag(
    name: [.customShort("n"), .customShort("d"), .long, .customLong("pretend")],
    help: "Print what would be done, and change nothing.")
  var dryRun = false
}
