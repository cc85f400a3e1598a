import LinuxSystem
import MirrorModel
import SystemPackage

/// Finds out what a build would do with each of its targets, and why.
struct BuildInquiry {
  let request: BuildRequest
  let context: BuildContext
  let anchor: Shared<AnchoredDirectory>

  /// What earlier targets of the build are.
  private struct Before {
    /// The paths of those that exist.
    var found: [MirrorPath] = []
    /// The paths of those that would be built, and their names.
    var built: [MirrorPath: String] = [:]
  }

  func answers(_ members: [BuildTargets.Member]) throws -> [WhyReport.Target] {
    var answers: [WhyReport.Target] = []
    var before = Before()
    for member in members {
      let answer = try answer(member, before)
      answers.append(answer)
      guard let settings = member.settings,
        let path = try? Target(member.name, settings).output(anchor).path
      else { continue }
      switch answer.answer {
      case .exists, .reused: before.found.append(path)
      case .pending, .changed, .first, .follows, .unkeyed: before.built[path] = member.name
      }
    }
    return answers
  }

  private func answer(_ member: BuildTargets.Member, _ before: Before) throws -> WhyReport.Target {
    typealias Answer = WhyReport.Target
    // Its settings are known once an earlier target is built.
    guard let settings = member.settings else { return Answer(name: member.name, answer: .follows) }
    let target = try Target(member.name, settings)
    let isRemade = try target.isToRemake(context, of: request)
    let exists = try !isRemade && target.output(anchor).existing() != nil
    let plain = Answer(name: member.name, answer: exists ? .exists : .unkeyed)
    guard target.kind != .snapshot, let subarch = request.path else { return plain }
    let version = subarch.appending(FileName(request.version.description))
    if exists, VersionFile.isDone(try anchor.value.contents(of: version.file(.status), limit: 4096) ?? []) {
      return plain
    }
    if let source = try settings.mirrorPath("path/mirror/source", in: context.root),
      let name = before.built[source]
    {
      return Answer(name: member.name, answer: .follows, source: name)
    }
    let snapshot =
      try target.kind == .stage ? settings.mirrorPath("path/mirror/snapshot", in: context.root) : nil
    let isPending = snapshot.map { before.built[$0] != nil } ?? false
    let reader = InputReader(request: request, context: context, anchor: anchor)
    let variant = member.target.variant
    guard let inputs = try reader.read(target, variant: variant, hasSnapshot: !isPending) else {
      return plain
    }
    let key = isPending ? nil : inputs.key
    if exists {
      let changes = reader.changes(of: target, in: version, after: before.found) { inputs }
      return Answer(
        name: member.name, answer: changes.isEmpty ? .exists : .changed, version: version.name, key: key,
        changes: changes)
    }
    let others = EarlierOutputs(target: member.name, context: context, anchor: anchor, version: version)
    if !isRemade, let key, let found = try others.made(from: key) {
      return Answer(name: member.name, answer: .reused, version: found.version.name, key: key)
    }
    guard let last = try others.newest() else {
      return Answer(name: member.name, answer: .first, key: key)
    }
    let changes = inputs.changes(since: last.record.inputs).filter { !isPending || $0.name != "snapshot" }
    let isSame = changes.isEmpty && isPending
    return Answer(
      name: member.name, answer: isSame ? .pending : .changed, version: last.version.name, key: key,
      changes: changes)
  }
}
