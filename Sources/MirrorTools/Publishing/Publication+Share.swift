import MirrorModel
import Hashing
import LinuxSystem

extension Publication {
  /// Seconds per day.
  private static let day: Int64 = 86_400

  /// Compares the content of a share of the files that are on both sides, to find disk errors there.
  ///
  /// Files that differ are sent again, unless the file here is corrupt.
  func compareShare(_ survey: inout PublishSurvey, remembers: Bool) throws(MirrorError) {
    let times = try catalog.compared(at: destination.name)
    let subset: VerifySubset
    switch check {
    case .none: return
    case .part(let part): subset = part
    case .daily:
      // A dry run does not compare the share of the day.
      guard remembers, let share = destination.check,
        (times.values.max() ?? .min) / Self.day < now / Self.day
      else { return }
      subset = share
    }
    let settled = survey.plan.settled.filter { [.payload, .status].contains($0.role) }
    let entries = survey.local.byPath
    let share = subset.select(
      from: settled.map { .init(path: $0.path, size: $0.node.size, verifiedAt: times[$0.path]) }
    ).compactMap { entries[$0.path] }
    let differing = try rsync.differing(items(share), as: "comparing", bytes: share.bytes)
    survey.report.compared = share.count
    survey.report.comparedBytes = share.bytes
    let suspects = share.filter { differing.contains($0.path) }
    try judge(suspects, &survey)
    guard remembers else { return }
    try? catalog.note(
      compared: share.map(\.path), forgetting: times.keys.filter { entries[$0] == nil }, at: destination.name,
      now: now)
  }

  /// Finds out on which side differing files are corrupt, by reading those here again.
  private func judge(_ suspects: [LocalEntry], _ survey: inout PublishSurvey) throws(MirrorError) {
    guard !suspects.isEmpty else { return }
    let results = try hasher.results(
      suspects.map {
        DigestRequest(
          path: $0.path, size: $0.node.size, device: $0.identity?.device ?? 0, algorithms: [.sha256])
      }, as: "hashing", in: Shared(try AnchoredDirectory(root: mirror.root)))
    var held: [MirrorPath] = []
    for (entry, result) in zip(suspects, results) {
      do throws(MirrorError) {
        if try result.get().digests[.sha256] == survey.sums[entry.path] {
          survey.report.corruptThere.append(entry.path)
          survey.planner.knowledge.compared[entry.path] = false
        } else {
          survey.report.corruptHere.append(entry.path)
          held.append(entry.path)
        }
      } catch {
        if error.code == .interrupted { throw error }
        held.append(entry.path)
        survey.report.problems.append(error.holding)
      }
    }
    survey.local.hold(with: held)
    try settle(&survey)
  }
}
