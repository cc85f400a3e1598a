import LinuxSystem
import FlexData

/// Reads the sections `[section publish/NAME]`.
enum PublishSection {
  /// The sections in the configuration, sorted by name.
  static func sections(_ elements: Elements) -> [SettingsSection] {
    SettingsSection.names(in: "publish", of: elements).map { section($0, elements) }
  }

  private static func section(_ name: String, _ elements: Elements) -> SettingsSection {
    SettingsSection(
      "publish/\(name)", of: elements,
      known: [
        "to", "what", "exclude", "max-delete", "bandwidth", "delete", "keep-remote-grace", "receive", "as",
        "rsh", "password-file", "url", "remote-command", "retries", "check",
      ])
  }

  /// The destinations in the configuration.
  static func destinations(_ elements: Elements) throws -> [PublishDestination] {
    try SettingsSection.names(in: "publish", of: elements).map { name in
      // `[section publish]` without a name would make settings look like names.
      if elements.names.contains("publish/\(name)") {
        throw SettingsSection("publish", of: elements, known: []).invalid(
          name, "belongs to no destination", "move it below [section publish/NAME]")
      }
      return try destination(name, section(name, elements))
    }
  }

  private static func destination(_ name: String, _ section: SettingsSection) throws -> PublishDestination {
    guard isWord(name) else {
      throw section.invalid("to", "`\(name)` is not a valid name", "use letters, digits, -, _ and .")
    }
    // A check of all settings goes on without an address that is wrong.
    guard let address = try address(section) ?? (section.isWhole ? nil : .path("/")) else {
      throw section.invalid("to", "is not set", "write /PATH, rsync://HOST/MODULE/PATH or HOST:/PATH")
    }
    var destination = PublishDestination(name: name, to: address)
    destination.scope = try section.choice("what") ?? destination.scope
    destination.exclusions =
      try section.words("exclude")?.map { word in
        guard let exclusion = PublishExclusion(word) else {
          let words = PublishExclusion.Word.allCases.map(\.rawValue).joined(separator: ", ")
          throw section.invalid("exclude", "`\(word)` is unknown", "use \(words), or patterns with *")
        }
        return exclusion
      } ?? destination.exclusions
    destination.maxDelete = try section.number("max-delete", from: 0) ?? destination.maxDelete
    destination.bytesPerSecond = try section.bytes("bandwidth")
    destination.deletes = try section.flag("delete") ?? destination.deletes
    destination.grace = try section.seconds("keep-remote-grace") ?? destination.grace
    destination.reception = try section.choice("receive") ?? destination.reception
    destination.server = try server(section)
    destination.shell = try shell(section) ?? destination.shell
    destination.passwordFile = try section.absolutePath("password-file")
    destination.url = try section.addresses("url")?.first
    destination.remoteCommand = try section.text("remote-command")
    destination.retries = try retries(section) ?? destination.retries
    if let text = try section.text("check") {
      guard text == "no" || VerifySubset(text) != nil else {
        throw section.invalid("check", "`\(text)` is not a share", "use 5%, 50G, or no")
      }
      destination.check = VerifySubset(text)
    }
    if section.isWhole { try check(destination, section) }
    return destination
  }

  /// `to`; nil if not set.
  static func address(_ section: SettingsSection) throws -> DestinationAddress? {
    guard let to = try section.text("to") else { return nil }
    do throws(DestinationAddress.Fault) { return try DestinationAddress(to) } catch {
      switch error {
      case .fault(let problem, let remedy): throw section.invalid("to", "`\(to)` \(problem)", remedy)
      }
    }
  }

  /// `rsh`: the remote shell and its options; nil if not set.
  static func shell(_ section: SettingsSection) throws -> [String]? {
    try section.words("rsh").flatMap { $0.isEmpty ? nil : $0 }
  }

  /// `retries`; nil if not set.
  static func retries(_ section: SettingsSection) throws -> Int? {
    try section.number("retries", from: 0, to: 20)
  }

  /// Checks for settings that contradict each other.
  private static func check(_ destination: PublishDestination, _ section: SettingsSection) throws {
    if destination.reception == .ssh {
      guard case .shell = destination.address else {
        throw section.invalid(
          "receive", "ssh requires a destination reached by ssh", "use to: HOST:/PATH, or receive: upkeep")
      }
    }
    if destination.isStaged, destination.deletes {
      throw section.invalid("delete", "has no effect if the other side receives", "run clean there")
    }
    if destination.remoteCommand != nil, destination.reception != .ssh {
      throw section.invalid("remote-command", "requires receive: ssh", "remove one of them")
    }
  }

  private static func server(_ section: SettingsSection) throws -> String {
    if let text = try section.text("as") {
      guard isWord(text) else {
        throw section.invalid("as", "`\(text)` is not a valid server name", "use letters, digits, -, _ and .")
      }
      return text
    }
    let host = HostName.current
    return isWord(host) ? host : "localhost"
  }

  /// Whether a text is a valid file name everywhere and needs no quoting.
  static func isWord(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 64 else { return false }
    let isLetterOrDigit: (UInt8) -> Bool = {
      (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
    }
    return isLetterOrDigit(first) && text.utf8.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
  }
}
