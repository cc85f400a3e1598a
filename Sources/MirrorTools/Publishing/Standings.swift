import LinuxSystem
import MirrorModel

/// State of all files there compared with those here.
struct Standings {
  private var standings: [MirrorPath: PublishKnowledge.Standing] = [:]

  /// - Parameter plan: receives the files that must be compared first.
  init(
    _ knowledge: PublishKnowledge, _ local: LocalListing, _ remote: RemoteListing, _ plan: inout PublishPlan
  ) {
    var digests: [MirrorPath: [(entry: LocalEntry, node: ListedNode?)]] = [:]
    for entry in local.entries {
      guard let (kind, tarball) = SidecarKind.parse(entry.path.name, local.kinds), kind.tellsDigests
      else { continue }
      digests[entry.path.parent.appending(tarball), default: []].append((entry, remote.nodes[entry.path]))
    }
    var questions: [MirrorPath: LocalEntry] = [:]
    for entry in local.entries where entry.role != .link {
      var standing = knowledge.standing(entry, remote.nodes[entry.path])
      if standing == .doubtful {
        if [.page, .index].contains(entry.role) {
          // These are compared whenever they are sent.
          standing = .same
        } else if knowledge.record?.files[entry.path] != nil {
          questions[entry.path] = entry
        } else {
          let (verdict, open) = knowledge.unrecorded(
            entry, isArtifact: local.kinds.includes(entry.path.name), digests: digests[entry.path] ?? [])
          standing = verdict
          for entry in open { questions[entry.path] = entry }
        }
      }
      standings[entry.path] = standing
    }
    plan.questions = questions.values.sorted { $0.path < $1.path }
  }

  subscript(entry: LocalEntry) -> PublishKnowledge.Standing { standings[entry.path] ?? .missing }
}
