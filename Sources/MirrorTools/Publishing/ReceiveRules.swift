import LinuxSystem

/// `[section receive/SERVER]`: what each server may upload, where the configuration lists any.
public struct ReceiveRules: Sendable {
  /// What one server may upload.
  struct Rule: Sendable {
    /// The subarches; nil for its own, and those that do not exist yet.
    var subarches: [SubarchPattern]?
    /// The builds whose snapshots it may send; nil for those in which every subarch is a server's, and one its own.
    var snapshots: [FileName]?
    /// Whether another content may replace a released tarball.
    var replaces = false
    /// The key that signs what it uploads; nil for `signing/key`.
    var signing: SigningSettings?
  }

  var servers: [String: Rule] = [:]

  /// Nothing is listed.
  public init() {}

  /// The rule of a server; nil for one that is not listed while others are.
  func rule(of server: String) -> Rule? { servers.isEmpty ? Rule() : servers[server] }
}

/// `BUILD/ARCH/SUBARCH`, in which `*` stands for any component.
struct SubarchPattern: Sendable {
  static let any: FileName = "*"
  private let components: [FileName]

  /// nil if it does not have three components, each a name.
  init?(_ text: String) {
    let path = MirrorPath(text)
    components = path.components
    guard components.count == 3, path.isPlain, !components.contains(where: \.isHidden) else { return nil }
  }

  /// The subarch, if it names a single one.
  var subarch: MirrorPath? {
    components.contains(Self.any) ? nil : components.reduce(.root) { $0.appending($1) }
  }

  func matches(_ subarch: MirrorPath) -> Bool {
    let names = subarch.components
    return names.count == 3 && zip(components, names).allSatisfy { $0 == Self.any || $0 == $1 }
  }
}
