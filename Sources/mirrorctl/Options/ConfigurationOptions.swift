import ArgumentParser
import MirrorTools
import SystemPackage

/// Where the configuration comes from.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The configuration (default: $MIRRORCTL_CONFIG, ~/.metro, /etc/mirrorctl/mirrorctl.conf).",
      valueName: "file"),
    completion: .file())
  var config: String?

  @Flag(
    name: .long, help: "Run no <?python ?> code of the configuration, nor its `decide` program and hooks.")
  var noHostCode = false

  /// How the configuration is found; with `NAME: VALUE` pairs, if the verb takes them.
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
    // Without a target the specs mean nothing.
    if !definitions.isEmpty { request.tree = context.specTree }
    request.runsHostCode = !noHostCode
    request.refusal = "--no-host-code was given"
    return request
  }
}
