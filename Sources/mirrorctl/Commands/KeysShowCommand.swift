import ArgumentParser
import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

struct KeysShowCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the signing key, and whether it can sign.")

  @OptionGroup var source: ConfigurationOptions
  @OptionGroup var result: ResultOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let settings = try MirrorConfiguration(ConfigurationFile(source.request(context)))
      .requiredSigning()
    let key = try PublicKeyFile.key(settings, cancellation: context.cancellation)
    return try result.renderer(context).print(SigningKeyReport(key, settings, now: context.now()))
  }
}
