import LinuxSystem
import MirrorModel
import SystemPackage

/// Writes the index of a tree with Portage's own program, whose header then has the settings of this host.
struct Emaint: Sendable {
  let cancellation: Cancellation

  /// How long it may take, in seconds.
  private static let limit = 6 * 3600

  /// Runs it on a tree; returns whether it wrote `Packages`.
  func fix(_ tree: BinhostTree, _ root: FilePath) throws(MirrorError) -> Bool {
    let anchor = try AnchoredDirectory(root: root)
    let outcome: HostProgram.Outcome
    do throws(MirrorError) {
      outcome = try HostProgram.run(
        ["emaint", "--fix", "binhost"],
        environment: ["PKGDIR": "\(root)/\(tree.path)", "LC_ALL": "C.UTF-8", "NOCOLOR": "true"], leads: true,
        limit: Self.limit, cancellation: cancellation)
    } catch {
      guard error.code == .system(.noSuchFileOrDirectory) else { throw error }
      throw MirrorError(
        error.code, "emaint", "not found, but required by binhost/index",
        remedy: "install Portage, or set index: own in [section binhost]")
    }
    guard outcome.status == 0, !outcome.isLate else {
      let said = outcome.errors.split(separator: UInt8(ascii: "\n")).last.map { escaped(Array($0)) }
      throw MirrorError(
        .invalid, anchor.displayed(tree.path),
        "emaint binhost failed: \(said ?? "exit status \(outcome.status)")",
        remedy: "run it by hand with PKGDIR set to this directory")
    }
    let directory = try anchor.directory(tree.path)
    for name in [PackagesIndex.compressedName, PackagesIndex.fileName] {
      guard let file = try? directory.file(MirrorPath(bytes: name.bytes)) else { continue }
      try attempt("sync", directory.displayed(name)) { () throws(Errno) in try file.sync() }
    }
    try directory.sync()
    return try directory.status(of: PackagesIndex.fileName)?.identity != tree.index?.identity
  }
}
