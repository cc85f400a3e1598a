/// `[section publish/NAME]`: a place that the mirror is published to, and how.
public struct PublishDestination: Sendable {
  /// How much of the mirror is published.
  public enum Scope: String, CaseIterable, Sendable {
    /// All of it, with its indexes.
    case all
    /// The subarches that are built here, without indexes: those are the master's.
    case own
  }

  /// What the other side does with what arrives.
  public enum Reception: String, CaseIterable, Sendable {
    /// Nothing: it goes straight into the mirror there.
    case no
    /// It waits for `mirrorctl receive`, or the next upkeep there.
    case upkeep
    /// `mirrorctl receive` is run there by the remote shell.
    case ssh
  }

  /// Its name in the configuration.
  public let name: String
  /// Where to.
  public let address: DestinationAddress
  var scope = Scope.all
  var exclusions = PublishExclusion.standard
  /// How many remote files and directories one run may remove.
  var maxDelete = 500
  /// How much of it `upkeep` compares with what is here, each day; nil for nothing.
  public internal(set) var check: VerifySubset? = .fraction(0.01)
  /// Nil for no limit.
  var bytesPerSecond: Int64?
  /// Whether what is gone here goes there too.
  var deletes = false
  /// How long what is gone here stays there, in seconds.
  var grace = 86_400
  var reception = Reception.no
  /// This server's name, a plain word.
  var server = "localhost"
  /// The remote shell and its options.
  var shell = ["ssh"]
  var passwordFile: String?
  /// Where downloaders find it.
  public var url: String?
  /// What is run there instead of `mirrorctl receive`, as a shell's words.
  var remoteCommand: String?
  /// How often a transfer is tried again that failed for a reason that may pass.
  var retries = 4

  init(name: String, to address: DestinationAddress) {
    self.name = name
    self.address = address
  }

  /// Whether what arrives waits to be moved into place.
  public var isStaged: Bool { reception != .no }

  private static let runs = "publish/"

  /// What the catalog calls publishing to it.
  public var run: String { Self.runs + name }

  /// The name of the destination that a run in the catalog published to; nil for a run of a verb.
  public static func name(ofRun run: String) -> String? {
    run.hasPrefix(runs) ? String(run.dropFirst(runs.count)) : nil
  }

  /// What messages call it.
  var subject: String { "publish \(name)" }
}
