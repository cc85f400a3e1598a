import StageTrees
import MirrorModel
import LinuxSystem
import SystemPackage

/// Steps of a spec write tarballs under their final names. Until such a tarball is known to be complete and
/// durable, a mark beside it tells every build that it is not.
extension TarballOutput {
  /// The mark of a tarball's name.
  static func mark(of tarball: FileName) -> FileName { FileName(".\(tarball)_unfinished") }

  private var mark: FileName { Self.mark(of: path.name) }

  /// Gives a tarball or image its name, and then what belongs beside it: a build that is killed in between is repeated.
  static func completing<Result>(
    _ tarball: FileName, in directory: borrowing AnchoredDirectory, _ body: () throws -> Result
  ) throws -> Result {
    try begin(tarball, in: directory)
    let result = try body()
    try complete(tarball, in: directory)
    return result
  }

  /// As ``completing(_:in:_:)``: from here on the tarball is not complete.
  static func begin(_ tarball: FileName, in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    try DurableFile.write([], to: mark(of: tarball), in: directory, try directory.fileOwnership())
  }

  /// As ``completing(_:in:_:)``: it is complete, or gone, and that is durable.
  static func complete(_ tarball: FileName, in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    try directory.sync()
    try directory.unlink(mark(of: tarball))
    try directory.sync()
  }

  /// Whether a step was writing the tarball when its build was killed, or is writing it now.
  func isUnfinished(in directory: borrowing AnchoredDirectory) throws(MirrorError) -> Bool {
    try directory.status(of: mark) != nil
  }

  /// Removes a tarball that a killed build left unfinished. The target's progress file must be held.
  func removeUnfinished() throws(MirrorError) {
    let directory = try anchor.value.makePath(path.parent)
    if try isUnfinished(in: directory) { try discard(in: directory) }
  }

  /// The absolute path of what a step wrote; nil if it wrote nothing.
  func written() throws(MirrorError) -> FilePath? {
    let directory = try anchor.value.directory(path.parent)
    for name in [path.name, plainName] where try directory.status(of: name)?.kind == .regular {
      return anchor.value.root.appending("\(path.parent)").appending("\(name)")
    }
    return nil
  }

  /// Runs a step that writes the tarball, and checks the result; an incomplete tarball is removed.
  func write(by step: String, _ body: () throws -> Void) throws {
    let directory = try anchor.value.makePath(path.parent)
    try Self.begin(path.name, in: directory)
    do {
      try body()
      for name in [path.name, plainName] { try check(name, by: step, in: directory) }
    } catch {
      try? discard(in: directory)
      throw error
    }
    try Self.complete(path.name, in: directory)
  }

  /// Makes a written tarball durable; throws if its stream is cut off or of another kind.
  private func check(
    _ name: FileName, by step: String, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) {
    guard try directory.status(of: name)?.kind == .regular else { return }
    let file = try directory.file(MirrorPath(bytes: name.bytes))
    let format = ArtifactKinds.builtIn.format(of: name)
    let fault = try attempt("check", directory.displayed(name)) { () throws(Errno) -> StreamFault? in
      try file.sync()
      guard let format else { return nil }
      return try StreamEnd.fault(of: file, size: try file.status().size, format)
    }
    guard let fault else { return }
    throw MirrorError(
      .invalid, directory.displayed(name),
      "\(step) wrote it incompletely, so it was removed: \(fault.detail)",
      remedy: "make the step fail if a program in it fails (set -e -o pipefail), and see the log")
  }

  /// Removes what a step wrote, and the mark last.
  private func discard(in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    for name in [path.name, plainName] {
      try Self.removeSidecars(of: name, in: directory)
      if try directory.status(of: name)?.kind == .regular { try directory.unlink(name) }
    }
    for kind in [".cme", ".cme.run"] { try directory.unlink(plainName.appending(kind)) }
    try Self.complete(path.name, in: directory)
  }
}
