/// `[section publish/NAME]`: a destination of the mirror, and its settings.
public struct PublishDestination: Sendable {
  /// How much of the mirror to publish.
  public enum Scope: String, CaseIterable, Sendable {
    /// Everything, with the indexes.
    case all
    /// The subarches that are built here, without indexes, which belong to the master.
    case own
  }

  /// How the other side receives files.
  public enum Reception: String, CaseIterable, Sendable {
    /// Files go straight into the mirror there.
    case no
    /// Uploads wait for `mirrorctl receive` or the next upkeep there.
    case upkeep
    /// The remote shell runs `mirrorctl receive` there.
    case ssh
  }

  /// Its name in the configuration.
  public let name: String
  /// Its address.
  public let address: DestinationAddress
  var scope = Scope.all
  var exclusions = PublishExclusion.standard
  /// Maximum number of files and directories deleted there per run.
  var maxDelete = 500
  /// Share of the files that `upkeep` compares each day; nil for none.
  public internal(set) var check: VerifySubset? = .fraction(0.01)
  /// nil for no limit.
  var bytesPerSecond: Int64?
  /// Whether files deleted here are deleted there too.
  var deletes = false
  /// How long files deleted here are kept there, in seconds.
  var grace = 86_400
  var reception = Reception.no
  /// Name of this server, a plain word.
  var server = "localhost"
  /// The remote shell and its options.
  var shell = ["ssh"]
  var passwordFile: String?
  /// URL for downloaders.
  public var url: String?
  /// Shell command to run there instead of `mirrorctl receive`.
  var remoteCommand: String?
  /// The only files to send, however old their version is; nil for those of the scope.
  var files: TargetFiles?
  /// How often a transfer is repeated after an error that may be temporary.
  var retries = 4

  init(name: String, to address: DestinationAddress) {
    self.name = name
    self.address = address
  }

  /// Whether files wait there until they are received.
  public var isStaged: Bool { reception != .no }

  private static let runs = "publish/"

  /// Name of the run in the catalog.
  public var run: String { Self.runs + name }

  /// The destination of a publish run in the catalog; nil for runs of other verbs.
  public static func name(ofRun run: String) -> String? {
    run.hasPrefix(runs) ? String(run.dropFirst(runs.count)) : nil
  }

  /// The subject of its messages.
  var subject: String { "publish \(name)" }
}
