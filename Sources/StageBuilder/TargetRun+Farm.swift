import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// What a master does for a target that a node built in a mirror of its own.
extension TargetRun {
  /// Does what follows a finished target, whose files are in the mirror.
  ///
  /// - Parameter packages: the directory with its tree of binary packages, if it has one.
  func accept(packages: FilePath) -> TargetEnd {
    var found = TargetFindings()
    var entry = BuildReport.Target(name: name, outcome: .done, isOptional: planned.isOptional)
    do {
      let target = try Target(
        name, try BuildSettings(request, target: name, variant: planned.variant, context.source))
      guard let path = try target.output(anchor).existing() else {
        throw MirrorError(.invalid, name, "was not received", remedy: "build it again")
      }
      entry.path = path
      entry.size = try anchor.value.status(at: path)?.size
      entry.sha256 = try context.sha256(of: anchor.value.root.appending("\(path)"))
      try trigger(target, path, try BuildLog.inMemory(tell: context.tell))
      if var offer = try PackageOffer(target, of: records?.subarch) {
        offer.cache = packages.appending("\(offer.tree)")
        found.offers.insert(offer)
      }
    } catch {
      entry.outcome = BuildOutcome(of: error, otherwise: .aborted, context.cancellation)
      entry.problem = context.text(error)
    }
    return TargetEnd(entry: entry, found: found)
  }

  /// Counts it as failed.
  func fail() -> TargetEnd {
    var entry = BuildReport.Target(name: name, outcome: .failed, isOptional: planned.isOptional)
    entry.problem = "\(name): failed on a node, see its log"
    entry.log = records.map { $0.version.appending("log").appending(FileName("\(name).txt")) }
    return TargetEnd(entry: entry)
  }
}
