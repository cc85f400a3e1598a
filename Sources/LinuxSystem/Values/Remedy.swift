/// What the reader of a message can do: words, and among them actions that each program has its own names for.
///
///     remedy: "restore it, or \(run: .index)"
///
/// A library cannot know what its caller's verbs and options are called; the program replaces each action by its own
/// words with ``text(_:)``.
public struct Remedy: Hashable, Codable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
  /// Something that the libraries can be asked for, or a value that they take.
  public enum Action: Hashable, Codable, Sendable {
    /// Make digests.
    case digestgen
    /// Make the digests of one file again, whatever was known of it.
    case forceDigests
    /// Write the indexes.
    case index
    /// Make digests, then write the indexes.
    case refresh
    /// Verify the mirror.
    case verify
    /// Verify one part of several in turn.
    case verifyParts
    /// A report of how subarches and places stand.
    case status
    /// The preparation of a subarch.
    case preparation
    /// Prepare the subarch of these names, with a seed.
    case seed(String)
    /// Say the date of a seed.
    case seedVersion
    /// Name the subarch to take a seed of.
    case remoteSeed
    /// Begin a mirror in a directory.
    case create
    /// Accept that a place, relative to the mirror's root, is gone for good.
    case forget(String)
    /// Forget the failures of a subarch.
    case zap(String)
    /// The plan of what retention removes.
    case previewRemovals
    /// Allow so many removals; nil for more.
    case allowRemovals(Int?)
    /// Publish.
    case publish
    /// The plan of what publishing to a destination does.
    case previewPublishing(String)
    /// Receive the upload of a server.
    case receive(String)
    /// Wait longer for the lock.
    case lockWait
    /// Does all that a mirror needs.
    case upkeep
    /// The making of a snapshot of a package tree.
    case snapshot
    /// Make a build.
    case build
    /// A report of whether this machine can build.
    case doctor
  }

  fileprivate enum Part: Hashable, Codable {
    case words(String)
    case action(Action)
  }

  private let parts: [Part]

  /// Collects words and actions.
  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var parts: [Part] = []

    /// Begins with nothing.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Adds words.
    public mutating func appendLiteral(_ literal: String) { parts.append(.words(literal)) }

    /// Adds a value's text.
    public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
      parts.append(.words("\(value)"))
    }

    /// Adds an action.
    public mutating func appendInterpolation(run action: Action) { parts.append(.action(action)) }
  }

  /// Words alone.
  public init(stringLiteral words: String) { parts = [.words(words)] }

  /// Words and actions.
  public init(stringInterpolation interpolation: StringInterpolation) { parts = interpolation.parts }

  /// The whole, each action said as `name` says it.
  public func text(_ name: (Action) -> String) -> String {
    parts.map { part in
      switch part {
      case .words(let words): words
      case .action(let action): name(action)
      }
    }.joined()
  }

  /// The whole in the words of the libraries.
  public var description: String { text(\.description) }
}

extension Remedy.Action: CustomStringConvertible {
  /// What it is, in words that name no verb and no option of a program.
  public var description: String {
    switch self {
    case .digestgen: "make its digests"
    case .forceDigests: "make its digests again as it is"
    case .index: "write the indexes"
    case .refresh: "make digests and write the indexes"
    case .verify: "verify the mirror"
    case .verifyParts: "give parts in turn"
    case .status: "the report on the mirror"
    case .preparation: "the preparation of a subarch"
    case .seed(let names): "prepare \(names)"
    case .seedVersion: "say its date"
    case .remoteSeed: "name another"
    case .create: "say that it is to be one"
    case .forget(let path): "forget \(path)"
    case .zap(let path): "forget the failures of \(path)"
    case .previewRemovals: "the plan of removals"
    case .allowRemovals(let count?): "allow \(count) removals"
    case .allowRemovals(nil): "allow more removals"
    case .publish: "publish"
    case .previewPublishing(let destination): "the plan of publishing to \(destination)"
    case .receive(let server): "receive the upload of \(server)"
    case .lockWait: "wait longer"
    case .upkeep: "keeps the mirror"
    case .snapshot: "the making of a snapshot"
    case .build: "make a build"
    case .doctor: "the report on this machine"
    }
  }
}
