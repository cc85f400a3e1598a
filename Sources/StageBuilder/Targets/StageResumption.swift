import LinuxSystem
import SystemPackage

/// Decides whether a stage goes on in the root that an earlier build kept.
struct StageResumption {
  /// The stage as it would be built now.
  let progress: StageProgress
  /// The work directory.
  let work: FilePath
  let snapshot: FilePath?
  let sandbox: Sandbox

  /// What becomes of a kept root.
  enum Decision {
    case goOn(StageProgress)
    /// Why it is not used, and the inputs that changed.
    case restart(String, [TargetInputs.Change] = [])
  }

  /// - Parameter record: of the build that kept it.
  /// - Throws: if it cannot be found out; nothing changed then.
  func decide(_ record: [UInt8]) throws(MirrorError) -> Decision {
    guard let kept = StageProgress(record) else {
      return .restart("started anew, since the kept root has no step to go on from")
    }
    guard kept.target == progress.target else {
      return .restart("started anew, since the kept root is that of \(kept.target)")
    }
    let changes = progress.changes(since: kept)
    guard changes.isEmpty else {
      let names = changes.map(\.name).joined(separator: ", ")
      return .restart("started anew, since the kept root was made from other inputs: \(names)", changes)
    }
    let confinement = try sandbox.confinement(in: work)
    guard kept.owners == Self.owners(confinement) else {
      return .restart("started anew, since steps would see other owners in the kept root")
    }
    if kept.treePlace != nil, try !canMount(confinement) {
      return .restart("started anew, since the snapshot cannot be mounted now")
    }
    var all = progress
    all.goOn(from: kept)
    return .goOn(all)
  }

  private func canMount(_ confinement: Confinement) throws(MirrorError) -> Bool {
    guard let snapshot else { return false }
    return try sandbox.canMount(snapshot, for: confinement)
  }

  /// How owners are stored in a root.
  static func owners(_ confinement: Confinement) -> String {
    guard confinement == .userNamespace else { return confinement.rawValue }
    let maps = ["uid_map", "gid_map"].map { name -> String in
      guard let file = try? Descriptor(reading: FilePath("/proc/self/\(name)")),
        let text = try? file.bytes(upTo: 1 << 16)
      else { return "" }
      return String(decoding: text, as: UTF8.self)
    }
    return ([confinement.rawValue] + maps).joined(separator: "\n")
  }
}
