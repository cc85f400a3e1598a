import LinuxSystem
import SystemPackage

/// The directories that lead to the current member, kept open: most members are beside the previous one.
struct DirectoryStack: ~Copyable {
  private let root: Shared<TreeDirectory>
  private var names: [FileName] = []
  private var directories: [Shared<TreeDirectory>] = []

  init(_ root: Shared<TreeDirectory>) { self.root = root }

  /// What stopped the descent to a directory.
  struct Obstacle: Error {
    let depth: Int
    let error: Errno
  }

  /// Opens the directory with this path; `made` receives the number of components of each directory that was
  /// created.
  ///
  /// - Throws: also if a component is a symbolic link, even one that leads back into the root.
  mutating func directory(
    _ path: ArraySlice<FileName>, making: Bool, made: (Int) -> Void = { _ in }
  ) throws(Obstacle) -> Shared<TreeDirectory> {
    let shared = zip(names, path).prefix { $0 == $1 }.count
    names.removeLast(names.count - shared)
    directories.removeLast(directories.count - shared)
    for (depth, name) in path.enumerated().dropFirst(shared) {
      let parent = directories.last ?? root
      do throws(Errno) {
        directories.append(Shared(try Self.open(name, in: parent.value, making: making) { made(depth + 1) }))
      } catch { throw Obstacle(depth: depth, error: error) }
      names.append(name)
    }
    return directories.last ?? root
  }

  /// Maximum number of links in one path, as in the kernel.
  private static let links = 40

  /// The path with each symbolic link to a directory replaced by its target, as if the root were `/`.
  ///
  /// No link is followed by the kernel, so the result is below the root, whatever is renamed meanwhile.
  ///
  /// - Throws: if links form a loop, or a component of the path is not a directory.
  mutating func followingLinks(_ path: MemberPath) throws(Obstacle) -> MemberPath {
    var rest = Array(path.components.reversed())
    var done: [FileName] = []
    var links = 0
    while let name = rest.popLast() {
      // Only a link's target contains one.
      if name == ".." {
        _ = done.popLast()
        continue
      }
      let parent: Shared<TreeDirectory>
      let target: [UInt8]?
      do throws(Obstacle) {
        parent = try directory(done[...], making: false)
        do throws(Errno) { target = try parent.value.linkText(name) } catch {
          throw Obstacle(depth: done.count, error: error)
        }
      } catch {
        guard error.error == .noSuchFileOrDirectory, !rest.contains("..") else { throw error }
        // Nothing exists here, so that no further link can.
        return MemberPath(components: done + [name] + rest.reversed())
      }
      guard let target else {
        done.append(name)
        continue
      }
      links += 1
      guard links <= Self.links else {
        throw Obstacle(depth: done.count, error: .tooManySymbolicLinkLevels)
      }
      if target.first == UInt8(ascii: "/") { done = [] }
      for part in target.split(separator: UInt8(ascii: "/")).reversed() where !part.elementsEqual(".".utf8) {
        rest.append(FileName(bytes: Array(part)))
      }
    }
    return MemberPath(components: done)
  }

  private static func open(
    _ name: FileName, in parent: borrowing TreeDirectory, making: Bool, made: () -> Void
  ) throws(Errno) -> TreeDirectory {
    do throws(Errno) { return try parent.directory(name) } catch {
      guard making && error == .noSuchFileOrDirectory else { throw error }
      try parent.makeDirectory(name)
      made()
      return try parent.directory(name)
    }
  }
}
