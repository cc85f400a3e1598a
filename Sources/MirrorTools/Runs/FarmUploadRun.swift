package import LinuxSystem
import MirrorModel

/// Uploads the files of one target, and binary packages, from the mirror of a node to that of the master, where they wait
/// to be received.
package struct FarmUploadRun {
  private let run: MirrorRun
  private let master: FarmMaster
  private let files: TargetFiles
  private let packages: MirrorPath?
  private let name: String

  /// - Parameters:
  ///   - run: holds the lock of the node's mirror.
  ///   - packages: a tree of binary packages, relative to the root of both mirrors; nil for none.
  ///   - name: of the upload, a plain word.
  package init(
    _ run: MirrorRun, to master: FarmMaster, _ files: TargetFiles, packages: MirrorPath?, as name: String
  ) {
    self.run = run
    self.master = master
    self.files = files
    self.packages = packages
    self.name = name
  }

  /// Where the packages of an upload wait, relative to the root of the master's mirror.
  package static func packages(of name: String) -> MirrorPath { Upload.directory(of: "\(name)-packages") }

  /// Sends what the master lacks; does nothing if there are no files here.
  package func apply() throws(MirrorError) -> DestinationReport? {
    let anchor = try AnchoredDirectory(root: run.root)
    if let packages { try send(packages, anchor) }
    guard try anchor.status(at: files.directory) != nil else { return nil }
    // Of this mirror, nothing counts but these files: it may lack what it had before.
    let mirror = try run.scanner.scan()
    return try Publication(
      mirror, to: master.destination(for: files, as: name), run.configuration.rotation,
      catalog: run.catalog(), hasher: run.hasher, progress: run.environment.progress,
      now: run.environment.now()
    ).apply()
  }

  /// Sends the packages of a tree that are not the same in the mirror of the master.
  private func send(_ tree: MirrorPath, _ anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    guard try anchor.status(at: tree) != nil else { return }
    var problems: [MirrorError] = []
    let found = BinhostTree.read(tree, anchor, &problems)
    if let problem = problems.first { throw problem }
    guard !found.files.isEmpty else { return }
    let paths = found.files.map(\.path) + (found.index == nil ? [] : [found.indexPath])
    try master.rsync(run.environment.progress, run.environment.cancellation).send(
      paths.map { Rsync.Item(base: run.root, path: $0) },
      // Relative to where they go: the root of the mirror.
      ["--compare-dest=../.."], as: "uploading packages",
      bytes: found.files.reduce(0) { $0 &+ $1.status.size }, to: "\(Self.packages(of: name))")
  }
}
