package import LinuxSystem
package import MirrorTools

extension Farm {
  /// The targets of the campaigns that are not finished, as recorded last; nothing is asked of Slurm.
  package func openTargets() throws(MirrorError) -> [FarmTarget] {
    var targets: [FarmTarget] = []
    for campaign in try campaigns() {
      let record = try campaign.record()
      if record.isFinished { continue }
      for node in record.plan.nodes {
        let known = record[node]
        targets.append(
          FarmTarget(
            campaign: record.plan.id, target: node.id, subarch: node.group, state: known.phase.rawValue,
            since: known.since, machine: known.machine, detail: known.detail,
            cuts: known.cutsByName))
      }
    }
    return targets
  }
}
