import LinuxSystem
import MirrorModel
import ArgumentParser
import MirrorTools
import SystemPackage

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Show the key that signs, or write it for downloaders.",
    discussion: "The key is that of `[section signing]` in the configuration.",
    subcommands: [KeysShowCommand.self, KeysExportCommand.self])
}

struct KeysShowCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Tell what gpg knows of the key, and whether it can sign.")

  @OptionGroup var source: ConfigurationOptions
  @OptionGroup var result: ResultOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let settings = try MirrorConfiguration(ConfigurationFile(source.request(context)))
      .requiredSigning()
    let key = try PublicKeyFile.key(settings, cancellation: context.cancellation)
    return try result.renderer(context).print(SigningKeyReport(key, now: context.now()))
  }
}

struct KeysExportCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the public key to \(PublicKeyFile.name) at the mirror's root.",
    discussion:
      "The file is replaced whole, and only if it changes. upkeep renews it when the key was extended.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var lock: LockOptions

  @OptionGroup var destination: OutputOptions

  func run(_ context: CommandContext) throws -> ExitStatus {
    let renderer = global.renderer(context)
    guard let output = destination.output else {
      return try renderer.print(KeyRun(try global.write(context, as: "keys", lock)).export())
    }
    let configuration = try MirrorConfiguration(ConfigurationFile(global.configuration.request(context)))
    let bytes = try PublicKeyFile.bytes(
      configuration.requiredSigning(), cancellation: context.cancellation)
    let changed = try destination.write(bytes, context)
    // On standard output there is the key alone.
    guard output != "-", !OutputFile.isStandardOutput(FilePath(output)) else { return .done }
    return try renderer.print(KeyExport(path: FilePath(output).absolute.string, changed: changed))
  }
}
