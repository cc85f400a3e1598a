/// What the reader of a message can do: text, which may contain actions that each program names differently.
///
///     remedy: "restore it, or \(run: .index)"
///
/// A library does not know the verbs and options of its caller; the program replaces each action by its own
/// text with ``text(_:)``.
public struct Remedy: Hashable, Codable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
  /// Something that the libraries can do, or a value that they take.
  public enum Action: Hashable, Codable, Sendable {
    /// Make digests.
    case digestgen
    /// Make the digests of one file again, ignoring recorded ones.
    case forceDigests
    /// Write the indexes.
    case index
    /// Make digests, then write the indexes.
    case refresh
    /// Verify the mirror.
    case verify
    /// Verify one of several parts of the mirror.
    case verifyParts
    /// A report on subarches and mounts.
    case status
    /// The preparation of a subarch.
    case preparation
    /// Prepare the named subarch, with a seed.
    case seed(String)
    /// Give the date of a seed.
    case seedVersion
    /// Name the subarch whose stage3 is the seed.
    case remoteSeed
    /// Create a mirror in a directory.
    case create
    /// Accept that a place, relative to the mirror's root, is gone for good.
    case forget(String)
    /// Forget the failures of a subarch.
    case zap(String)
    /// The plan of what retention would remove.
    case previewRemovals
    /// Allow this many removals; nil for more.
    case allowRemovals(Int?)
    /// Publish.
    case publish
    /// The plan of publishing to a destination.
    case previewPublishing(String)
    /// Receive the upload of a server.
    case receive(String)
    /// Wait longer for the lock.
    case lockWait
    /// Keeps a mirror up to date.
    case upkeep
    /// The creation of a snapshot of a package tree.
    case snapshot
    /// Make a build.
    case build
    /// A report on whether this machine can build.
    case doctor
    /// Continue the rebuild of a mirror from a destination.
    case rebuild(String)
    /// Accept what a destination has without signatures, or check it with other keys.
    case trustDestination
    /// Give a certificate that revokes a key.
    case certificate
    /// Leave the files of a release in place.
    case keepFiles
    /// The list of campaigns of the farm.
    case campaigns
  }

  fileprivate enum Part: Hashable, Codable {
    case words(String)
    case action(Action)
  }

  private let parts: [Part]

  /// Collects text and actions.
  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var parts: [Part] = []

    /// Starts empty.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Adds text.
    public mutating func appendLiteral(_ literal: String) { parts.append(.words(literal)) }

    /// Adds a value's text.
    public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
      parts.append(.words("\(value)"))
    }

    /// Adds an action.
    public mutating func appendInterpolation(run action: Action) { parts.append(.action(action)) }
  }

  /// Text only.
  public init(stringLiteral words: String) { parts = [.words(words)] }

  /// Text and actions.
  public init(stringInterpolation interpolation: StringInterpolation) { parts = interpolation.parts }

  /// The complete text, with each action named by `name`.
  public func text(_ name: (Action) -> String) -> String {
    parts.map { part in
      switch part {
      case .words(let words): words
      case .action(let action): name(action)
      }
    }.joined()
  }

  /// The complete text, with the library's names of actions.
  public var description: String { text(\.description) }
}

extension Remedy.Action: CustomStringConvertible {
  /// A description of the action without verbs or options of a program.
  public var description: String {
    switch self {
    case .digestgen: "create its digests"
    case .forceDigests: "accept it as it is"
    case .index: "write the indexes"
    case .refresh: "create digests and write the indexes"
    case .verify: "verify the mirror"
    case .verifyParts: "verify it in parts"
    case .status: "the report on the mirror"
    case .preparation: "the preparation of a subarch"
    case .seed(let names): "prepare \(names)"
    case .seedVersion: "set its date"
    case .remoteSeed: "choose another"
    case .create: "confirm that it is a new mirror"
    case .forget(let path): "forget \(path)"
    case .zap(let path): "forget the failures of \(path)"
    case .previewRemovals: "the plan of removals"
    case .allowRemovals(let count?): "allow \(count) removals"
    case .allowRemovals(nil): "allow more removals"
    case .publish: "publish"
    case .previewPublishing(let destination): "the plan of publishing to \(destination)"
    case .receive(let server): "receive the upload of \(server)"
    case .lockWait: "wait longer"
    case .upkeep: "maintains the mirror"
    case .snapshot: "the creation of a snapshot"
    case .build: "run a build"
    case .doctor: "the report on this machine"
    case .rebuild(let source): "continue the rebuild from \(source)"
    case .trustDestination: "name the keys to trust, or accept files that only match their digests"
    case .certificate: "give a revocation certificate"
    case .keepFiles: "without deleting files"
    case .campaigns: "the list of campaigns"
    }
  }
}
