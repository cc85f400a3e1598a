import ArgumentParser
import MirrorTools
import SystemPackage

/// Where to find the configuration.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    name: [.customShort("c", allowingJoined: true), .long],
    help: ArgumentHelp(
      "Configuration file (default: $MIRRORCTL_CONFIG, ~/.config/mirrorctl/mirrorctl.conf, ~/.metro, "
        + "/etc/mirrorctl/mirrorctl.conf).",
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
    request.candidates = [
      context.configurationDirectory?.appending("mirrorctl.conf"), context.home?.appending(".metro"),
      "/etc/mirrorctl/mirrorctl.conf",
    ].compactMap(\.self)
    request.definitions = definitions
    request.temporary = context.cacheDirectory
    // Specs are read only for a target.
    if !definitions.isEmpty { request.tree = context.specTree }
    request.runsHostCode = !noHostCode
    request.refusal = "--no-host-code was given"
    return request
  }
}
