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
