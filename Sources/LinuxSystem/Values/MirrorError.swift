public import SystemPackage

/// What is wrong with one path or key, and how to fix it.
///
/// Printed as `<path or key>: <problem>[: <remedy>]`, the form of every message of `mirrorctl`.
public struct MirrorError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What a caller may need to distinguish; everything else is in the text.
  public enum Code: Hashable, Sendable {
    /// A system call failed.
    case system(Errno)
    /// Another run holds the lock.
    case busy
    /// A file or directory changed after it was examined.
    case changed
    /// Content or a name is not valid.
    case invalid
    /// A plan exceeds a safety limit.
    case refused
    /// SIGHUP, SIGINT or SIGTERM arrived.
    case interrupted
    /// A C library or the catalog reported a fault.
    case library
  }

  /// The kind of fault.
  public let code: Code
  /// The path or key, escaped for display.
  public let subject: String
  /// What is wrong with it.
  public let problem: String
  /// What the reader can do, if anything.
  public let remedy: Remedy?

  /// Creates an error from its parts; `subject` must already be escaped for display.
  public init(_ code: Code, _ subject: String, _ problem: String, remedy: String? = nil) {
    self.init(code, subject, problem, remedy: remedy.map { Remedy(stringLiteral: $0) })
  }

  /// Creates an error whose remedy names actions.
  public init(_ code: Code, _ subject: String, _ problem: String, remedy: Remedy?) {
    self.code = code
    self.subject = subject
    self.problem = problem
    self.remedy = remedy
  }

  /// A failed system call: `operation` completes the phrase `cannot <operation>`.
  package static func system(_ errno: Errno, _ operation: String, _ subject: String) -> Self {
    Self(.system(errno), subject, "cannot \(operation): \(errno)", remedy: remedy(for: errno))
  }

  /// Whether there was no space left to write.
  public var isFullDisk: Bool { code == .system(.noSpace) || code == .system(.diskQuotaExceeded) }

  private static func remedy(for errno: Errno) -> String? {
    switch errno {
    case .permissionDenied, .notPermitted: "run as the mirror's owner, or fix the permissions"
    case .noSuchFileOrDirectory: "check the path"
    case .noSpace, .diskQuotaExceeded: "free some space and run again"
    case .readOnlyFileSystem: "mount the file system writable"
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem: "raise the limit of open files (ulimit -n)"
    case .fileTooLarge: "raise the limit of file sizes (ulimit -f), or use another file system"
    case .resourceTemporarilyUnavailable: "raise the limit of processes and threads (ulimit -u, TasksMax)"
    case .ioError: "check the disk (dmesg, smartctl)"
    default: nil
    }
  }

  /// The message without the program's name, with the library's names of actions.
  public var description: String { text(\.description) }

  /// The message, with each action of the remedy named by `name`.
  public func text(_ name: (Remedy.Action) -> String) -> String {
    remedy.map { "\(subject): \(problem): \($0.text(name))" } ?? "\(subject): \(problem)"
  }
}

extension MirrorError: Encodable {
  private enum CodingKeys: CodingKey { case path, problem, remedy }

  /// `path`, `problem` and `remedy`.
  public func encode(to encoder: any Encoder) throws {
    let name = CodingUserInfoKey.actionNames.flatMap { encoder.userInfo[$0] }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(subject, forKey: .path)
    try container.encode(problem, forKey: .problem)
    try container.encodeIfPresent(
      remedy?.text(name as? @Sendable (Remedy.Action) -> String ?? \.description), forKey: .remedy)
  }
}

extension CodingUserInfoKey {
  /// The names of the actions in remedies: `@Sendable (Remedy.Action) -> String`.
  public static let actionNames = CodingUserInfoKey(rawValue: "mirrorctl.actionNames")
}
