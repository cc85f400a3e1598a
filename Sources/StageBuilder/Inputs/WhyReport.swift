import LinuxSystem
import MirrorModel
public import MirrorTools

/// Why a build would build its targets, or not.
public struct WhyReport: Report, Sendable {
  /// What would become of a target.
  enum Answer: String, Encodable {
    /// It exists in this version, which is finished, or was made from the same inputs.
    case exists
    /// An earlier version has it, made from the same inputs.
    case reused
    /// The same, if the snapshot that does not exist yet is the same.
    case pending
    /// It was made from other inputs, in this version or an earlier one.
    case changed
    /// No version has it.
    case first
    /// It is made from a target that is built, or pending.
    case follows
    /// Snapshots, and images that are elsewhere: they have no key.
    case unkeyed
  }

  struct Target: Encodable {
    let name: String
    let answer: Answer
    /// The version that the answer is about.
    var version: FileName?
    /// The target that it is made from.
    var source: String?
    var key: String?
    var changes: [TargetInputs.Change] = []

    private enum CodingKeys: CodingKey { case name, answer, of, source, key, changes }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(answer, forKey: .answer)
      try container.encodeIfPresent(version?.description, forKey: .of)
      try container.encodeIfPresent(source, forKey: .source)
      try container.encodeIfPresent(key, forKey: .key)
      try container.encode(changes, forKey: .changes)
    }

    var lines: [String] {
      let version = version?.description ?? ""
      return switch answer {
      case .exists: ["\(name): exists"]
      case .reused: ["\(name): is that of \(version), which was made from the same inputs"]
      case .pending: ["\(name): is that of \(version) if the snapshot is the same"]
      case .changed:
        ["\(name): is built, since \(version) was made from other inputs:"]
          + changes.flatMap(\.lines).map { "  \($0)" }
      case .first: ["\(name): is built, since no version has it"]
      case .follows: ["\(name): is built if \(source ?? "what it is made from") is"]
      case .unkeyed: ["\(name): is built, since it does not exist"]
      }
    }
  }

  /// `BUILD ARCH SUBARCH MODE VERSION`.
  public let build: String
  /// In build order.
  let targets: [Target]

  /// The build, then each target with the inputs that changed.
  public var lines: [ReportLine] { (["build \(build)"] + targets.flatMap(\.lines)).asEssentialLines }
}
