import LinuxSystem

/// `[section receive/SERVER]`: what each server may upload; no restrictions without such sections.
public struct ReceiveRules: Sendable {
  /// What one server may upload.
  struct Rule: Sendable {
    /// The subarches; nil for those that it owns and those that do not exist yet.
    var subarches: [SubarchPattern]?
    /// The builds whose snapshots it may send; nil for builds of which all subarches belong to servers and
    /// one to it.
    var snapshots: [FileName]?
    /// Whether it may replace the content of a released tarball.
    var replaces = false
    /// Maximum total size of one upload in bytes.
    var maximumSize: Int64 = 1 << 40
    /// The key for signatures in its uploads; nil for `signing/key`.
    var signing: SigningSettings?
    /// If set, it may send only these files, also in a subarch of another server; otherwise, what it owns.
    var files: TargetFiles?
  }

  var servers: [String: Rule] = [:]

  /// No sections.
  public init() {}

  /// A server may send the files of one target, and nothing else.
  init(_ server: String, only files: TargetFiles) {
    var rule = Rule()
    rule.files = files
    servers = [server: rule]
  }

  /// The rule of a server; nil if only other servers have a section.
  func rule(of server: String) -> Rule? { servers.isEmpty ? Rule() : servers[server] }
}

/// `BUILD/ARCH/SUBARCH`, where `*` matches any component.
struct SubarchPattern: Sendable {
  static let any: FileName = "*"
  private let components: [FileName]

  /// nil if it does not have three components, each a name.
  init?(_ text: String) {
    let path = MirrorPath(text)
    components = path.components
    guard components.count == 3, path.isPlain, !components.contains(where: \.isHidden) else { return nil }
  }

  /// The subarch, if the pattern matches only one.
  var subarch: MirrorPath? {
    components.contains(Self.any) ? nil : components.reduce(.root) { $0.appending($1) }
  }

  func matches(_ subarch: MirrorPath) -> Bool {
    let names = subarch.components
    return names.count == 3 && zip(components, names).allSatisfy { $0 == Self.any || $0 == $1 }
  }
}
