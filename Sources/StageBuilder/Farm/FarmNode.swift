import LinuxSystem
import MirrorTools
package import MirrorModel

/// A piece of work of a campaign: one command that runs on one machine.
package struct FarmNode: Hashable, Codable, Sendable {
  /// Unique in its campaign: up to 255 letters, digits and characters of paths.
  package let id: String
  /// For people, e.g. `gen/x86-64bit/core2_64 stage3`.
  package let name: String
  /// The program and its arguments.
  package let command: [String]
  /// The arguments of mirrorctl in ``command``, which then builds a target; nil for other commands.
  package let build: [String]?
  /// The IDs of the nodes that must be done before.
  package let needs: [String]
  /// Nodes of the same group never run at the same time, e.g. those of a subarch; nil if others do not matter.
  package let group: String?
  /// The name of the architecture that the machine must offer; nil for any.
  let machine: String?

  /// The name of its jobs: Slurm runs only one of a name at a time if they ask for it.
  var jobName: String { group ?? name }

  /// The architecture that the machine must offer; nil for any.
  package var architecture: Architecture? { machine.flatMap { Architecture(named: $0) } }

  package init(
    id: String, name: String, command: [String], build: [String]? = nil, needs: [String] = [],
    group: String? = nil, architecture: Architecture? = nil
  ) {
    self.id = id
    self.name = name
    self.command = command
    self.build = build
    self.needs = needs
    self.group = group
    machine = architecture?.containerName ?? architecture?.directories.first.map { "\($0)" }
  }

  /// The nodes of a campaign in an order in which each comes after those that it needs.
  ///
  /// - Throws: if IDs are not unique or not valid, a needed node is missing, or nodes need each other.
  static func ordered(_ nodes: [FarmNode]) throws(MirrorError) -> [FarmNode] {
    var waits: [String: Int] = [:]
    var dependents: [String: [FarmNode]] = [:]
    for node in nodes {
      guard isID(node.id), waits.updateValue(Set(node.needs).count, forKey: node.id) == nil else {
        throw fault(node.id, "is not a unique ID of a target")
      }
      for need in Set(node.needs) { dependents[need, default: []].append(node) }
    }
    if let missing = dependents.keys.filter({ waits[$0] == nil }).min() {
      throw fault(missing, "is needed, but not part of the campaign")
    }
    var ordered = nodes.filter(\.needs.isEmpty)
    var next = 0
    while next < ordered.count {
      for dependent in dependents[ordered[next].id] ?? [] {
        let rest = (waits[dependent.id] ?? 0) - 1
        waits[dependent.id] = rest
        if rest == 0 { ordered.append(dependent) }
      }
      next += 1
    }
    guard ordered.count == nodes.count else {
      let stuck = nodes.first { (waits[$0.id] ?? 0) > 0 && !$0.needs.isEmpty }?.id ?? ""
      throw fault(stuck, "is part of a circle of targets that need each other")
    }
    return ordered
  }

  private static func isID(_ text: String) -> Bool {
    (1...255).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
          UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "~"), UInt8(ascii: "@"), UInt8(ascii: "%"):
          true
        default: false
        }
      }
  }

  private static func fault(_ id: String, _ problem: String) -> MirrorError {
    MirrorError(.invalid, escaped(Array(id.utf8)), problem, remedy: "check the plan of the campaign")
  }
}
