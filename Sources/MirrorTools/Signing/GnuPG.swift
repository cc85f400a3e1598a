import LinuxSystem
import SystemPackage

/// Runs gpg and gpgv: unattended, with no configuration but ours, and hears what they report.
struct GnuPG: Sendable {
  /// What a run reported.
  struct Answer: Sendable {
    let status: Int32
    let output: [UInt8]
    let statuses: [GnuPGStatus]
    /// What was said to people.
    let messages: [String]
    let isLate: Bool

    /// The last thing said to people, without the program's name.
    var complaint: String {
      let last = messages.last ?? "it said nothing"
      return last.hasPrefix("gpg: ") ? String(last.dropFirst(5)) : last
    }
  }

  let settings: SigningSettings
  let cancellation: Cancellation?

  /// Seconds after which a gpg that has little to do is given up.
  static let patience = 120

  /// Seconds after which a gpg that reads so many bytes is given up.
  static func patience(reading bytes: Int64) -> Int { patience + Int(clamping: bytes >> 22) }

  /// Runs gpg. Its standard output stays apart from its statuses.
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

  /// Runs gpgv with no other key than those of a keyring.
  func gpgv(keyring: String, signature: String, of file: String, limit: Int = patience) throws(MirrorError)
    -> Answer
  {
    let outcome = try run(
      ["gpgv", "--homedir", "/nonexistent", "--status-fd", "1", "--keyring", keyring, signature, file],
      limit: limit)
    return Answer(
      status: outcome.status, output: [], statuses: GnuPGStatus.parse(outcome.output).statuses,
      messages: GnuPGStatus.parse(outcome.errors).messages, isLate: outcome.isLate)
  }

  private func run(_ command: [String], limit: Int) throws(MirrorError) -> HostProgram.Outcome {
    let name = command.first ?? ""
    do throws(MirrorError) {
      // A group of its own: Ctrl-C is for us, who end it.
      return try HostProgram.run(
        command, environment: ["LC_ALL": "C", "LANGUAGE": "C"], leads: true, limit: limit,
        cancellation: cancellation)
    } catch {
      guard error.code == .system(.noSuchFileOrDirectory) else { throw error }
      throw MirrorError(
        error.code, name, "is not to be found, and signing/key asks for signatures",
        remedy: "install \(name == "gpg" ? "GnuPG" : name), or check PATH")
    }
  }
}
