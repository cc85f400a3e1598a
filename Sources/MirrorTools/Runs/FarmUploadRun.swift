package import LinuxSystem
import MirrorModel

/// Uploads the files of one target from the mirror of a node to that of the master, where they wait to be received.
package struct FarmUploadRun {
  private let run: MirrorRun
  private let master: FarmMaster
  private let files: TargetFiles
  private let name: String

  /// - Parameters:
  ///   - run: holds the lock of the node's mirror.
  ///   - name: of the upload, a plain word.
  package init(_ run: MirrorRun, to master: FarmMaster, _ files: TargetFiles, as name: String) {
    self.run = run
    self.master = master
    self.files = files
    self.name = name
  }

  /// Sends what the master lacks; does nothing if there are no files here.
  package func apply() throws(MirrorError) -> DestinationReport? {
    let anchor = try AnchoredDirectory(root: run.root)
    guard try anchor.status(at: files.directory) != nil else { return nil }
    // Of this mirror, nothing counts but these files: it may lack what it had before.
    let mirror = try run.scanner.scan()
    return try Publication(
      mirror, to: master.destination(for: files, as: name), run.configuration.rotation,
      catalog: run.catalog(), hasher: run.hasher, progress: run.environment.progress,
      now: run.environment.now()
    ).apply()
  }
}
