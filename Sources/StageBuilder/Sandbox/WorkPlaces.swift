package import LinuxSystem
import CLinux
import Glibc
package import SystemPackage

/// The directories of a configuration that a build must never empty, and the check of those that it would
/// empty.
///
/// A directory that a build empties must not be one of these places, nor a parent of one. It must not be
/// inside the mirror or the caches either. Directories are compared by canonical path, and by device and
/// inode, so that links and bind mounts are recognized.
package struct WorkPlaces: Sendable {
  /// What a directory is used for when it is emptied.
  package enum Use: Sendable {
    /// A build works in it.
    case work
    /// It keeps a copy of a package tree between builds.
    case cache
  }

  private enum Relation: String {
    case same = "is"
    case above = "contains"
    case inside = "is inside"
  }

  fileprivate struct Guarded: Sendable {
    /// `path/cache`, `the mirror`.
    let name: String
    let path: FilePath
    /// From the directory itself up to the root; only directories that exist.
    let chain: [Node]
    /// Uses that are not allowed inside it either.
    var closedTo: [Use] = []
    /// Whether it is a home directory; messages about that very directory leave out its path.
    var isHome = false
  }

  private let guarded: [Guarded]

  /// - Parameters:
  ///   - mirror: its root; nil if unknown.
  ///   - homes: home directories that were looked up already; nil to do so.
  ///   - path: the directory configured with a key such as `path/tmp`; nil if undefined.
  package init(mirror: FilePath?, homes: HomePlaces? = nil, path: (String) -> FilePath?) {
    var guarded: [Guarded] = []
    func guardPlace(_ name: String, _ path: FilePath?, closedTo uses: [Use] = []) {
      guard let path, path.isAbsolute, path.normalized != "/" else { return }
      guarded.append(
        Guarded(
          name: name, path: path.normalized, chain: Node.chain(path), closedTo: uses))
    }
    guardPlace("the mirror", mirror, closedTo: [.work, .cache])
    let temporary = path("path/tmp")
    guardPlace("path/tmp", temporary)
    let temporaryChain = temporary.map(Node.chain) ?? []
    for key in ["path/cache", "path/cache/git", "path/cache/package", "path/distfiles"] {
      guard let place = path(key), let own = Node.chain(place).first else { continue }
      // Where path/tmp itself is in a cache, work is in it as well.
      let holdsTemporary = temporaryChain.contains { $0.isSame(as: own) }
      guardPlace(key, place, closedTo: holdsTemporary ? [] : [.work])
    }
    for key in [
      "path/mirror/source", "path/mirror/snapshot", "snapshot/source/remote", "path/install", "path/config",
    ] { guardPlace(key, path(key)) }
    self.guarded = guarded + (homes ?? HomePlaces()).guarded
  }

  /// Home directories, with what the kernel says about them at one moment.
  package struct HomePlaces: Sendable {
    fileprivate let guarded: [Guarded]

    package init() {
      guarded = WorkPlaces.homes().compactMap { name, home in
        guard home.isAbsolute, home.normalized != "/" else { return nil }
        return Guarded(
          name: "the home directory of \(name)", path: home.normalized, chain: Node.chain(home),
          isHome: true)
      }
    }
  }

  /// Throws if a build must not empty a directory.
  ///
  /// - Parameter key: the setting that names the directory, for the message.
  /// - Throws: code `refused`.
  package func check(_ path: FilePath, _ key: String, for use: Use = .work) throws(MirrorError) {
    let path = path.normalized
    let chain = Node.chain(path)
    guard path != "/", let own = chain.first, own.path != "/" else {
      throw Self.refused(key, "`\(path)` is the root of the file system")
    }
    for place in guarded {
      guard let relation = Self.relation(own, chain, to: place, use) else { continue }
      let shown = place.isHome && relation == .same ? "" : ", \(place.path)"
      throw Self.refused(key, "`\(path)` \(relation.rawValue) \(place.name)\(shown)")
    }
    if own.isMountRoot { throw Self.refused(key, "`\(path)` is a mount point") }
  }

  private static func refused(_ key: String, _ problem: String) -> MirrorError {
    MirrorError(
      .refused, key, "\(problem), and a build would empty it",
      remedy: "use a directory that nothing else uses, such as /var/cache/mirrorctl/work/NAME")
  }

  private static func relation(_ own: Node, _ chain: [Node], to place: Guarded, _ use: Use) -> Relation? {
    guard let theirs = place.chain.first else { return nil }
    if own.isSame(as: theirs) { return .same }
    if place.chain.contains(where: own.isSame) { return .above }
    return place.closedTo.contains(use) && chain.contains(where: theirs.isSame) ? .inside : nil
  }

  /// Home directories with the name of their user.
  private static func homes() -> [(String, FilePath)] {
    var homes = Account.homes().map { ($0.user, $0.home) }
    if let own = getenv("HOME") { homes.append(("this user ($HOME)", FilePath(platformString: own))) }
    return homes
  }
}

/// A directory by its canonical path, and by its identity in the kernel.
///
/// Paths are text here: every build compares hundreds of them, which takes several times longer with `FilePath`.
fileprivate struct Node: Sendable {
  let path: String
  /// nil if it does not exist.
  private let number: Number?
  let isMountRoot: Bool

  private struct Number: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  private init(_ path: String) {
    var place = clinux_place()
    let isThere = clinux_place(AT_FDCWD, path, &place) == 0
    self.path = path
    number = isThere ? Number(device: place.device, inode: place.inode) : nil
    isMountRoot = isThere && place.is_mount_root != 0
  }

  /// An absolute path and its parents up to the root. A path that does not exist yet is resolved as if it did.
  static func chain(_ path: FilePath) -> [Node] {
    let path = path.normalized
    let (existing, _) = SafePath.existing(path)
    let missing = Substring(path.string.utf8.dropFirst(existing == "/" ? 0 : existing.string.utf8.count))
    let canonical = existing.canonical.string
    var current = (canonical == "/" ? "" : canonical) + missing
    if current.isEmpty { current = "/" }
    var nodes: [Node] = []
    while true {
      nodes.append(Node(current))
      if current == "/" { return nodes }
      current = parent(of: current)
    }
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  func isSame(as other: Node) -> Bool { path == other.path || number != nil && number == other.number }
}
