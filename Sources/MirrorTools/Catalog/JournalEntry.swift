public import LinuxSystem

/// Something that a run did to a mirror: one line of its journal.
public struct JournalEntry: Codable, Hashable, Sendable {
  /// What was done.
  public enum Action: String, Codable, Sendable {
    /// A subarch got its directories and its seed.
    case prepared
    /// A finished build was added.
    case added
    /// A version or snapshot was built here.
    case built
    /// A build failed.
    case failed
    /// A version or snapshot of a build server was accepted.
    case received
    /// A version or snapshot was sent to a destination.
    case published
    /// A version or snapshot was removed.
    case removed
    /// A loss was accepted.
    case forgotten
    /// A failure count was reset.
    case cleared
    /// A candidate was offered.
    case promoted
    /// A version or file is not offered any more.
    case withdrawn
    /// A withdrawn version or file is offered again.
    case restored
    /// The signing key was replaced.
    case rekeyed
    /// A signing key was revoked.
    case revoked
    /// The mirror was made again from a destination.
    case rebuilt
  }

  /// Counts from 1 in each journal.
  public let id: Int64
  /// Seconds since the epoch.
  public let at: Int64
  /// Who did it.
  public let author: JournalAuthor
  /// The verb that did it, such as `clean` or `upkeep`.
  public let verb: String
  /// What was done.
  public let action: Action
  /// What it was done to, relative to the root of the mirror.
  public let path: MirrorPath
  /// Why, such as the rule of a clean.
  public let reason: String?
  /// More about it, such as the destination.
  public let detail: String?

  private enum CodingKeys: CodingKey {
    case id, at, user, sudoUser, host, program, verb, action, path, reason, detail
  }

  /// Creates an entry as it is in a catalog.
  init(
    id: Int64, at: Int64, author: JournalAuthor, verb: String, action: Action, path: MirrorPath,
    reason: String?, detail: String?
  ) {
    (self.id, self.at, self.author, self.verb) = (id, at, author, verb)
    (self.action, self.path, self.reason, self.detail) = (action, path, reason, detail)
  }

  /// The keys of the author are those of the entry.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      id: try container.decode(Int64.self, forKey: .id), at: try container.decode(Int64.self, forKey: .at),
      author: JournalAuthor(
        user: try container.decode(String.self, forKey: .user),
        sudoUser: try container.decodeIfPresent(String.self, forKey: .sudoUser),
        host: try container.decode(String.self, forKey: .host),
        program: try container.decode(String.self, forKey: .program)),
      verb: try container.decode(String.self, forKey: .verb),
      action: try container.decode(Action.self, forKey: .action),
      path: try container.decode(MirrorPath.self, forKey: .path),
      reason: try container.decodeIfPresent(String.self, forKey: .reason),
      detail: try container.decodeIfPresent(String.self, forKey: .detail))
  }

  /// One flat object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(at, forKey: .at)
    try container.encode(author.user, forKey: .user)
    try container.encodeIfPresent(author.sudoUser, forKey: .sudoUser)
    try container.encode(author.host, forKey: .host)
    try container.encode(author.program, forKey: .program)
    try container.encode(verb, forKey: .verb)
    try container.encode(action, forKey: .action)
    try container.encode(path, forKey: .path)
    try container.encodeIfPresent(reason, forKey: .reason)
    try container.encodeIfPresent(detail, forKey: .detail)
  }

  /// Something to record: an entry without the parts that are the same for a whole run.
  public struct Deed: Hashable, Sendable {
    let action: Action
    let path: MirrorPath
    let reason: String?
    let detail: String?

    /// Creates a deed.
    public init(_ action: Action, _ path: MirrorPath, reason: String? = nil, detail: String? = nil) {
      (self.action, self.path, self.reason, self.detail) = (action, path, reason, detail)
    }
  }
}

/// Who runs the program, and where.
public struct JournalAuthor: Hashable, Sendable {
  /// The user whose rights the program has, by the kernel: environment variables do not matter.
  public let user: String
  /// The user who ran `sudo`, as it says; nil without it.
  public let sudoUser: String?
  /// Name of the machine.
  public let host: String
  /// Version of mirrorctl.
  public let program: String

  init(user: String, sudoUser: String?, host: String, program: String) {
    (self.user, self.sudoUser, self.host, self.program) = (user, sudoUser, host, program)
  }

  /// The author of this process. A process that enters a user namespace must ask before that.
  public static var current: JournalAuthor {
    let sudo = OwnProgram.variable("SUDO_USER").map { $0.cut(to: 256) }
    return JournalAuthor(
      user: Account.name(of: Account.realUser), sudoUser: sudo == "" ? nil : sudo, host: HostName.current,
      program: ToolVersion.text)
  }
}
