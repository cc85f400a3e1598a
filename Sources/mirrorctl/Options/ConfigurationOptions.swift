import ArgumentParser
import MirrorTools
import SystemPackage

/// Where to find the configuration.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Configuration file (default: $MIRRORCTL_CONFIG, ~/.metro, /etc/mirrorctl/mirrorctl.conf).",
      valueName: "file"),
    completion: .file())
  var config: String?

  @Flag(
    name: .long, help: "Do not run the configuration's <?python ?> code, `decide` program or hooks.")
  var noHostCode = false

  /// The request for the configuration, with the `NAME: VALUE` pairs of verbs that take them.
  func request(
    _ context: CommandContext, defining definitions: [(name: String, value: String)] = []
  ) -> ConfigurationFile.Request {
    var request = ConfigurationFile.Request()
    request.named = (config ?? context.environment["MIRRORCTL_CONFIG"]).flatMap { name in
      name.isEmpty ? nil : FilePath(name).absolute
    }
    if let home = context.environment["HOME"], !home.isEmpty {
      request.candidates.append(FilePath(home).appending(".metro"))
    }
    request.candidates.append("/etc/mirrorctl/mirrorctl.conf")
    request.definitions = definitions
    request.temporary = context.cacheDirectory
    // Specs are read only for a target.
    if !definitions.isEmpty { request.tree = context.specTree }
    request.runsHostCode = !noHostCode
    request.refusal = "--no-host-code was given"
    return request
  }
}
