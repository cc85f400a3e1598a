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
      .signingSettings
    let key = try PublicKeyFile.key(settings, cancellation: context.cancellation)
    let canSign = key.state == .usable && key.secret != .missing
    if result.json {
      try context.print(json: KeyOutput(key: key))
    } else if !(result.quiet && canSign) {
      context.print("key: \(key.fingerprint)")
      if key.primary != key.fingerprint { context.print("primary key: \(key.primary)") }
      for user in key.users { context.print("user: \(user)") }
      context.print("expires: \(key.expires.map { "\(CalendarDate(localDayOf: $0))" } ?? "never")")
      if key.signsUntil != key.expires, let end = key.signsUntil {
        context.print("signs until: \(CalendarDate(localDayOf: end))")
      }
      context.print("state: \(key.state.rawValue)")
      context.print("secret: \(key.secret?.rawValue ?? "unknown")")
    }
    if key.state == .usable, let warning = key.warning(at: context.now()) { context.message("\(warning)") }
    return canSign ? .done : .failed
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
    guard let output = destination.output else {
      let session = try MirrorSession(global, context, verb: "keys", lock: lock)
      let bytes = try bytes(session.configuration, context)
      let changed = try IndexPublisher(root: session.root, try session.configuration.layout()).publish(
        IndexFile(path: MirrorPath(bytes: PublicKeyFile.name.bytes), bytes: bytes))
      return try tell(changed, session.root.appending("\(PublicKeyFile.name)"), context)
    }
    let configuration = try MirrorConfiguration(
      ConfigurationFile(global.configuration.request(context)))
    let bytes = try bytes(configuration, context)
    let changed = try destination.write(bytes, context)
    // On standard output there is the key alone.
    guard output != "-", !OutputFile.isStandardOutput(FilePath(output)) else { return .done }
    return try tell(changed, FilePath(output).absolute, context)
  }

  private func bytes(_ configuration: MirrorConfiguration, _ context: CommandContext) throws -> [UInt8] {
    try PublicKeyFile.bytes(try configuration.signingSettings, cancellation: context.cancellation)
  }

  private func tell(_ changed: Bool, _ path: FilePath, _ context: CommandContext) throws -> ExitStatus {
    if global.json {
      try context.print(json: ExportOutput(path: path.string, changed: changed))
    } else if changed && !global.quiet {
      context.print("\(path) written")
    }
    return .done
  }
}

extension MirrorConfiguration {
  /// - Throws: where no key is named.
  fileprivate var signingSettings: SigningSettings {
    get throws(MirrorError) {
      guard let signing else {
        throw MirrorError(
          .invalid, "signing/key", "is not defined",
          remedy: "name a key in [section signing] of the configuration, see mirrorctl.conf(5)")
      }
      return signing
    }
  }
}

private struct KeyOutput: Encodable {
  let key: SigningKey
}

private struct ExportOutput: Encodable {
  let path: String
  let changed: Bool
}
