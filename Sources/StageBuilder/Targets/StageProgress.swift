import FoundationEssentials
import LinuxSystem
import SystemPackage

/// How far a stage came: which steps changed its root, and what the root was made from.
///
/// It is recorded with a work directory that is kept, so that a later build can go on from the step that failed.
struct StageProgress: Codable {
  /// Of the form of the record.
  private var version = 1
  /// `BUILD ARCH SUBARCH VERSION TARGET`.
  let target: String
  /// The step that runs, or did not end; those before it are done.
  private(set) var next = Target.stageSteps.first ?? ""
  /// The latest time of any file in the stage, in seconds.
  var epoch: Int64?
  /// Where steps see the package tree mounted; nil if it was unpacked.
  var treePlace: String?
  /// How owners are stored in the root.
  var owners: String?
  /// Inputs of the stage by name; in a record, those that made the root so far.
  private var inputs: [String: String]
  /// The number of steps that an earlier build did.
  private var doneBefore = 0

  private enum CodingKeys: CodingKey { case version, target, next, epoch, treePlace, owners, inputs }

  /// Inputs that only the tarball is made from, not the root.
  private static let later: Set<String> = [
    "build/test", "test/script", "capture/level", "capture/compress", "suffix", "path/chroot/stage",
  ]

  /// - Parameter inputs: nil if no root is kept.
  init(of target: String, from inputs: TargetInputs?) {
    self.target = target
    self.inputs = inputs?.values ?? [:]
  }

  /// Parses a record; nil if it is not valid, or no step was done.
  init?(_ record: [UInt8]) {
    guard let read = OutsideJSON.decode(StageProgress.self, from: record), read.version == 1,
      let done = Target.stageSteps.firstIndex(of: read.next), done > 0
    else { return nil }
    self = read
  }

  /// For the work directory; nil if no step was done.
  var record: [UInt8]? {
    guard next != Target.stageSteps.first else { return nil }
    var record = self
    record.inputs = made(before: next)
    return (try? JSONEncoder().encode(record)).map(Array.init)
  }

  /// Notes that a step begins.
  ///
  /// - Returns: false if an earlier build did it.
  mutating func begin(_ step: String) -> Bool {
    guard let index = Target.stageSteps.firstIndex(of: step), index >= doneBefore else { return false }
    next = step
    return true
  }

  /// What made the root of an earlier build, and would not be the same now.
  func changes(since kept: StageProgress) -> [TargetInputs.Change] {
    TargetInputs.changes(from: kept.inputs, to: made(before: kept.next))
  }

  /// Takes over what an earlier build did.
  mutating func goOn(from kept: StageProgress) {
    doneBefore = Target.stageSteps.firstIndex(of: kept.next) ?? 0
    (next, epoch, treePlace, owners) = (kept.next, kept.epoch, kept.treePlace, kept.owners)
  }

  private func made(before step: String) -> [String: String] {
    let rest = Set(Target.stageSteps.drop { $0 != step }).union(Self.later)
    return inputs.filter { !rest.contains($0.key) }
  }
}
