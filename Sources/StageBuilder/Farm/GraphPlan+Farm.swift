import LinuxSystem
import MirrorModel

extension GraphPlan {
  /// The targets that do not exist yet, each as a command for a node with the same mirror.
  ///
  /// - Parameter program: what runs mirrorctl.
  func nodes(_ program: [String]) -> [FarmNode] {
    let missing = builds.flatMap { build in build.targets.filter { !$0.isThere }.map { (build, $0) } }
    var ids: [String: String] = [:]
    for (build, target) in missing { ids[target.id] = Self.id(of: target, build.request) }
    return missing.map { build, target in
      FarmNode(
        id: ids[target.id] ?? target.id, name: target.id, command: program + target.command,
        build: target.command,
        needs: target.after.compactMap { ids[$0] }, group: build.request.label,
        architecture: target.name == "snapshot"
          ? nil : build.request.arch.flatMap { Architecture(directory: FileName($0)) })
    }
  }

  /// The path of a snapshot, which campaigns of other subarches share; otherwise `BUILD/ARCH/SUBARCH/VERSION/TARGET`.
  private static func id(of target: Target, _ request: BuildRequest) -> String {
    if target.name == "snapshot", let path = target.path { return "\(path)" }
    return "\(request.label)/\(request.version)/\(target.name)"
  }
}
