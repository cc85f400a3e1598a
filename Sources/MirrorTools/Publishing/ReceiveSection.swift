import LinuxSystem
import FlexData
import SystemPackage

/// Reads the sections `[section receive/SERVER]`.
enum ReceiveSection {
  private static let group = "receive"

  /// The sections in the configuration, sorted by name.
  static func sections(_ elements: Elements) -> [SettingsSection] {
    SettingsSection.names(in: group, of: elements).map { section($0, elements) }
  }

  private static func section(_ server: String, _ elements: Elements) -> SettingsSection {
    SettingsSection(
      "\(group)/\(server)", of: elements,
      known: ["subarches", "snapshots", "replace", "max-size", "key", "homedir"])
  }

  /// The rules in the configuration.
  ///
  /// - Parameter home: gpg's home directory for sections without one.
  static func rules(_ elements: Elements, home: FilePath?) throws -> ReceiveRules {
    var rules = ReceiveRules()
    for server in SettingsSection.names(in: group, of: elements) {
      // `[section receive]` without a name would make settings look like names.
      if elements.names.contains("\(group)/\(server)") {
        throw SettingsSection(group, of: elements, known: []).invalid(
          server, "belongs to no server", "move it below [section \(group)/SERVER]")
      }
      rules.servers[server] = try rule(server, section(server, elements), home)
    }
    return rules
  }

  private static func rule(
    _ server: String, _ section: SettingsSection, _ home: FilePath?
  ) throws -> ReceiveRules.Rule {
    guard PublishSection.isWord(server) else {
      throw section.invalid(
        section.own.first ?? "", "`\(server)` is not a valid server name", "use letters, digits, -, _ and .")
    }
    var rule = ReceiveRules.Rule()
    rule.subarches = try section.words("subarches")?.map { word in
      guard let pattern = SubarchPattern(word) else {
        throw section.invalid(
          "subarches", "`\(word)` is not a subarch pattern", "use BUILD/ARCH/SUBARCH; * matches any name")
      }
      return pattern
    }
    rule.snapshots = try section.words("snapshots")?.map { word in
      guard !word.contains("/"), !word.hasPrefix(".") else {
        throw section.invalid("snapshots", "`\(word)` is not a build name", "use build names, or *")
      }
      return FileName(word)
    }
    rule.replaces = try section.flag("replace") ?? rule.replaces
    rule.maximumSize = try section.bytes("max-size") ?? rule.maximumSize
    let own = try section.absolutePath("homedir").map { FilePath($0) }
    if let key = try SigningSection.key(section) {
      var signing = SigningSettings(key: key)
      signing.homeDirectory = own ?? home
      rule.signing = signing
    }
    return rule
  }
}
