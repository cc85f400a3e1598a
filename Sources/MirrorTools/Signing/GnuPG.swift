import LinuxSystem
import SystemPackage

/// Runs gpg and gpgv unattended, without the user's configuration, and parses their status output.
struct GnuPG: Sendable {
  /// Result of a run.
  struct Answer: Sendable {
    let status: Int32
    let output: [UInt8]
    let statuses: [GnuPGStatus]
    /// Messages for people.
    let messages: [String]
    let isLate: Bool

    /// The last message, without the name of the program.
    var complaint: String {
      let last = messages.last ?? "no error message"
      return last.hasPrefix("gpg: ") ? String(last.dropFirst(5)) : last
    }
  }

  let settings: SigningSettings
  let cancellation: Cancellation?

  /// Timeout in seconds for a gpg that has little to do.
  static let patience = 120

  /// Timeout in seconds for a gpg that reads this many bytes.
  static func patience(reading bytes: Int64) -> Int { patience + Int(clamping: bytes >> 22) }

  /// Runs gpg, with separate standard output and status output.
  func gpg(_ arguments: [String], limit: Int = patience) throws(MirrorError) -> Answer {
    var command = ["gpg", "--batch", "--no-tty", "--no-options", "--no-auto-check-trustdb"]
    command += ["--status-fd", "2"]
    if let home = settings.homeDirectory { command += ["--homedir", home.string] }
    let outcome = try run(command + arguments, limit: limit)
    let (statuses, messages) = GnuPGStatus.parse(outcome.errors)
    return Answer(
      status: outcome.status, output: outcome.output, statuses: statuses, messages: messages,
      isLate: outcome.isLate)
  }

  /// Runs gpgv with only the keys in a keyring.
  ///
  /// - Parameter file: the signed file; nil if the signature contains it.
  func gpgv(
    keyring: String, signature: String, of file: String?, limit: Int = patience
  ) throws(MirrorError) -> Answer {
    let outcome = try run(
      ["gpgv", "--homedir", "/nonexistent", "--status-fd", "1", "--keyring", keyring, signature]
        + (file.map { [$0] } ?? []),
      limit: limit)
    return Answer(
      status: outcome.status, output: [], statuses: GnuPGStatus.parse(outcome.output).statuses,
      messages: GnuPGStatus.parse(outcome.errors).messages, isLate: outcome.isLate)
  }

  /// Runs gpgv with only the keys in a keyring, on any arguments; standard output is separate.
  static func gpgv(
    keyring: String, _ arguments: [String], cancellation: Cancellation?, neededBy setting: String,
    limit: Int = patience
  ) throws(MirrorError) -> Answer {
    let outcome = try run(
      ["gpgv", "--homedir", "/nonexistent", "--status-fd", "2", "--keyring", keyring] + arguments,
      limit: limit, cancellation, neededBy: setting)
    let (statuses, messages) = GnuPGStatus.parse(outcome.errors)
    return Answer(
      status: outcome.status, output: outcome.output, statuses: statuses, messages: messages,
      isLate: outcome.isLate)
  }

  private func run(_ command: [String], limit: Int) throws(MirrorError) -> HostProgram.Outcome {
    try Self.run(command, limit: limit, cancellation, neededBy: "signing/key")
  }

  private static func run(
    _ command: [String], limit: Int, _ cancellation: Cancellation?, neededBy setting: String
  ) throws(MirrorError) -> HostProgram.Outcome {
    let name = command.first ?? ""
    do throws(MirrorError) {
      // A process group of its own: Ctrl-C goes to mirrorctl, which ends it.
      return try HostProgram.run(
        command, environment: ["LC_ALL": "C", "LANGUAGE": "C"], leads: true, limit: limit,
        cancellation: cancellation)
    } catch {
      guard error.code == .system(.noSuchFileOrDirectory) else { throw error }
      throw MirrorError(
        error.code, name, "not found, but required by \(setting)",
        remedy: "install \(name == "gpg" ? "GnuPG" : name), or check PATH")
    }
  }
}
