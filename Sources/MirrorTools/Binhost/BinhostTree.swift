import LinuxSystem
import MirrorModel
import SystemPackage

/// A tree of binary packages, as found on the disk.
struct BinhostTree: Sendable {
  /// A file of a package.
  struct File: Sendable {
    /// Relative to the root of the mirror.
    let path: MirrorPath
    let format: PackageFormat
    let status: FileStatus

    var seconds: Int64 { status.identity.modified }
  }

  /// Relative to the root of the mirror.
  let path: MirrorPath
  /// By path; links and hidden files are not part of a tree.
  private(set) var files: [File] = []
  /// `Packages` and `Packages.gz`; nil if they do not exist.
  private(set) var (index, compressed): (FileStatus?, FileStatus?) = (nil, nil)
  /// Temporary files of runs that were killed.
  private var leftovers: [MirrorPath] = []
  /// Whether everything was read.
  private(set) var isWhole = true

  private init(path: MirrorPath) { self.path = path }

  /// Directories in a tree.
  private static let depth = 3

  /// Reads a tree; what cannot be read is added to the problems.
  static func read(
    _ path: MirrorPath, _ anchor: borrowing AnchoredDirectory, _ problems: inout [MirrorError]
  ) -> BinhostTree {
    var tree = BinhostTree(path: path)
    var waiting = [(path, depth)]
    while let (folder, depth) = waiting.popLast() {
      do throws(MirrorError) {
        let directory = try folder == .root ? anchor.duplicate() : anchor.directory(folder)
        for entry in try directory.entries() {
          if TemporaryName.matches(entry.name), entry.kind == .regular {
            tree.leftovers.append(folder.appending(entry.name))
          }
          guard !entry.name.isHidden else { continue }
          let inner = folder.appending(entry.name)
          switch entry.kind {
          case .directory where depth > 0: waiting.append((inner, depth - 1))
          case .regular:
            let isTop = folder == path
            guard PackageFormat(entry.name) != nil || isTop, let status = try directory.status(of: entry.name)
            else {
              continue
            }
            if let format = PackageFormat(entry.name) {
              tree.files.append(BinhostTree.File(path: inner, format: format, status: status))
            } else if entry.name == PackagesIndex.fileName {
              tree.index = status
            } else if entry.name == PackagesIndex.compressedName {
              tree.compressed = status
            }
          default: break
          }
        }
      } catch {
        tree.isWhole = false
        problems.append(error)
      }
    }
    tree.files.sort { $0.path < $1.path }
    return tree
  }

  /// The path of its `Packages`.
  var indexPath: MirrorPath { path.appending(PackagesIndex.fileName) }

  /// The path of a file as `Packages` has it.
  func relative(_ path: MirrorPath) -> MirrorPath {
    self.path == .root ? path : MirrorPath(bytes: Array(path.bytes.dropFirst(self.path.bytes.count + 1)))
  }

  /// Removes the temporary files of killed runs. The lock of the tree must be held.
  func sweep(_ anchor: borrowing AnchoredDirectory) {
    for path in leftovers { try? anchor.directory(path.parent).unlink(path.name) }
  }

  /// Its `Packages`; nil if there is none.
  ///
  /// - Throws: if it cannot be read or parsed.
  func readIndex(_ anchor: borrowing AnchoredDirectory) throws(MirrorError) -> PackagesIndex? {
    guard let bytes = try anchor.contents(of: indexPath, limit: PackagesIndex.largest) else { return nil }
    guard let index = PackagesIndex(bytes) else {
      throw MirrorError(
        .invalid, anchor.displayed(indexPath), "is not an index of binary packages",
        remedy: "remove it and \(run: .index)")
    }
    return index
  }
}

/// Finds the trees of binary packages of a mirror.
struct BinhostScanner: Sendable {
  /// Directories between `binpackages` and a tree.
  private static let above = 4

  private let mirror: Mirror
  /// Trees that may have no `Packages`.
  private let paths: [MirrorPath]

  init(_ mirror: Mirror, _ settings: BinhostSettings = BinhostSettings()) {
    self.mirror = mirror
    paths = settings.paths
  }

  /// The trees, by path, and what could not be read.
  func trees() throws(MirrorError) -> (trees: [BinhostTree], problems: [MirrorError]) {
    let anchor = try AnchoredDirectory(root: mirror.root)
    var found: [MirrorPath: BinhostTree] = [:]
    var problems: [MirrorError] = []
    let folders = [.root] + mirror.builds.flatMap { [$0.folder.path] + $0.arches.map(\.folder.path) }
    var waiting = folders.map { ($0.appending(MirrorGrammar.packages), Self.above) }
    while let (path, depth) = waiting.popLast() {
      do throws(MirrorError) {
        guard let directory = try Self.directory(path, anchor) else { continue }
        let entries = try directory.entries()
        if entries.contains(where: { $0.name == PackagesIndex.fileName && $0.kind == .regular }) {
          found[path] = BinhostTree.read(path, anchor, &problems)
        } else if depth > 0 {
          waiting += entries.filter { $0.kind == .directory && !$0.name.isHidden }.map {
            (path.appending($0.name), depth - 1)
          }
        }
      } catch { problems.append(error) }
    }
    for path in paths where found[path] == nil {
      do throws(MirrorError) {
        guard try Self.directory(path, anchor) != nil else { continue }
        found[path] = BinhostTree.read(path, anchor, &problems)
      } catch { problems.append(error) }
    }
    return (found.values.sorted { $0.path < $1.path }, problems)
  }

  /// Reads one tree; nil if its directory does not exist.
  func tree(at path: MirrorPath) throws(MirrorError) -> BinhostTree? {
    let anchor = try AnchoredDirectory(root: mirror.root)
    guard try Self.directory(path, anchor) != nil else { return nil }
    var problems: [MirrorError] = []
    let tree = BinhostTree.read(path, anchor, &problems)
    if let problem = problems.first { throw problem }
    return tree
  }

  /// Opens a directory; nil if it does not exist, or is reached by a link.
  private static func directory(
    _ path: MirrorPath, _ anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> AnchoredDirectory? {
    do throws(MirrorError) { return try anchor.directory(path) } catch {
      switch error.code {
      case .system(.noSuchFileOrDirectory), .system(.notDirectory), .system(.tooManySymbolicLinkLevels):
        return nil
      default: throw error
      }
    }
  }
}
