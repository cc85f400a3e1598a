import ArgumentParser
import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

struct KeysExportCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the public key to \(PublicKeyFile.name) at the mirror's root.",
    discussion:
      "The file is replaced atomically, and only if it changes. upkeep updates it after the key is extended.")

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
    // Standard output contains only the key.
    guard output != "-", !OutputFile.isStandardOutput(FilePath(output)) else { return .done }
    return try renderer.print(KeyExport(path: FilePath(output).absolute.string, changed: changed))
  }
}
