import LinuxSystem

/// Directories whose modes, times and access control lists are set at the end: a mode may forbid writing, a
/// member changes the time, and a default list would be inherited by members.
struct HeldDirectories {
  private struct Node {
    let parent: Int
    let name: FileName
    /// nil if only directories below it are held.
    var attributes: NodeAttributes?
  }

  private struct Key: Hashable {
    let parent: Int
    let name: FileName
  }

  /// Bytes of memory for a directory, without its name.
  private static let nodeCost = 256

  /// A directory is always after its parent; the root is the first.
  private var nodes = [Node(parent: 0, name: FileName(bytes: []), attributes: nil)]
  private var children: [Key: Int] = [:]

  /// Remembers a directory; replaces what was remembered of it.
  ///
  /// - Returns: the bytes of memory that this needs.
  mutating func hold(_ path: MemberPath, _ attributes: NodeAttributes) -> Int {
    var (node, cost) = (0, 0)
    for name in path.components {
      let key = Key(parent: node, name: name)
      if let known = children[key] {
        node = known
      } else {
        nodes.append(Node(parent: node, name: name, attributes: nil))
        node = nodes.count - 1
        children[key] = node
        cost += Self.nodeCost + name.bytes.count
      }
    }
    nodes[node].attributes = attributes
    return cost + attributes.extended.reduce(0) { $0 + Self.nodeCost + $1.value.count }
  }

  /// Adds an attribute to a directory; false if it is not held.
  mutating func add(_ attribute: ExtendedAttribute, to path: MemberPath) -> Bool {
    var node = 0
    for name in path.components {
      guard let child = children[Key(parent: node, name: name)] else { return false }
      node = child
    }
    guard nodes[node].attributes != nil else { return false }
    nodes[node].attributes?.extended.append(attribute)
    return true
  }

  /// The numbers of all directories, each before the directories in it.
  var indices: Range<Int> { nodes.indices }

  /// The path and the remaining attributes of a directory; nil if only directories below it are held.
  subscript(_ index: Int) -> (path: MemberPath, attributes: NodeAttributes)? {
    guard let attributes = nodes[index].attributes else { return nil }
    var components: [FileName] = []
    var node = index
    while node > 0 {
      components.append(nodes[node].name)
      node = nodes[node].parent
    }
    return (MemberPath(components: components.reversed()), attributes)
  }
}
