package import FlexData
package import LinuxSystem

/// `[section farm/master]`: how a node whose mirror is its own reaches the mirror of the master.
///
/// Only ssh, or what replaces it, can make the master receive what was uploaded before a job ends.
package struct FarmMaster: Sendable {
  private let destination: PublishDestination
  /// What runs mirrorctl there, as part of a command of a shell.
  private let program: String

  private static let name = "farm/master"

  package static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection(name, of: elements, settings: ["to", "rsh", "command", "bandwidth", "retries"])
  }

  /// Reads the section; nil if it sets no address.
  package init?(_ elements: Elements) throws {
    let section = Self.section(elements)
    try section.check()
    guard let address = try PublishSection.address(section) else { return nil }
    guard case .shell = address else {
      throw section.invalid("to", "`\(address)` is not reached by ssh", "use HOST:/PATH")
    }
    var destination = PublishDestination(name: Self.name, to: address)
    (destination.scope, destination.reception, destination.exclusions) = (.own, .upkeep, [])
    destination.shell = try PublishSection.shell(section) ?? destination.shell
    destination.bytesPerSecond = try section.bytes("bandwidth")
    destination.retries = try PublishSection.retries(section) ?? destination.retries
    program = try section.text("command") ?? "mirrorctl"
    self.destination = destination
  }

  /// The destination of an upload of what one target makes, under a name of its own.
  func destination(for files: TargetFiles, as upload: String) -> PublishDestination {
    var destination = destination
    (destination.files, destination.server) = (files, upload)
    return destination
  }

  /// What fetches files from it.
  func rsync(_ progress: RunProgress, _ cancellation: Cancellation) -> Rsync {
    Rsync(destination: destination, progress: progress, cancellation: cancellation)
  }

  /// Runs a verb of mirrorctl there, on the mirror there; returns how it ended, whatever its status.
  ///
  /// - Parameter words: those of the verb, none of which needs quoting.
  package func run(
    _ words: [String], _ cancellation: Cancellation
  ) throws(MirrorError) -> HostProgram.Outcome {
    guard let shell = RemoteShell(rsync(RunProgress(), cancellation)) else {
      throw MirrorError(.invalid, destination.subject, "is not reached by ssh", remedy: "use HOST:/PATH")
    }
    return try shell.run([program] + words + ["--mirror", shell.place])
  }

  /// What prevents jobs on this machine from using it: it cannot be reached, or its mirrorctl is another one.
  package func problem(_ cancellation: Cancellation) throws(MirrorError) -> MirrorError? {
    guard let shell = RemoteShell(rsync(RunProgress(), cancellation)) else { return nil }
    let outcome = try shell.run([program, "--version"])
    let said = String(decoding: outcome.output.prefix { $0 > 0x20 }, as: UTF8.self)
    func problem(_ text: String, _ remedy: Remedy) -> MirrorError {
      MirrorError(.invalid, Self.name, text, remedy: remedy)
    }
    guard outcome.status == 0 else {
      let reason = outcome.lastErrors(1).first.map { ": " + escaped(Array($0.utf8)) } ?? ""
      return problem(
        "`\(program) --version` fails at \(destination.address)\(reason)",
        "ssh must not prompt; set command if mirrorctl is not in PATH there")
    }
    guard said == ToolVersion.text else {
      return problem(
        "has mirrorctl \(escaped(Array(said.utf8))), and this machine \(ToolVersion.text)",
        "install the same version on all machines")
    }
    do throws(MirrorError) {
      _ = try rsync(RunProgress(), cancellation).list(["--include=/\(Upload.parent)", "--exclude=*"])
    } catch {
      guard error.code != .interrupted else { throw error }
      return error
    }
    return nil
  }
}
