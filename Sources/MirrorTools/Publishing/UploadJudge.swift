import MirrorModel
import LinuxSystem

/// Decides which files of a manifest may enter the mirror, by paths alone; see ``UploadContents`` for
/// contents.
struct UploadJudge {
  let claim: SubarchClaim
  /// Directory of the upload, relative to the root of the mirror.
  let place: MirrorPath
  let layout: MirrorLayout
  /// The last date that versions may have.
  let horizon: VersionDate
  private let kinds: ArtifactKinds

  /// - Parameter now: seconds since the epoch.
  init(
    _ claim: SubarchClaim, place: MirrorPath, layout: MirrorLayout, now: Int64, kinds: ArtifactKinds
  ) {
    self.kinds = kinds
    self.claim = claim
    self.place = place
    self.layout = layout
    horizon = .horizon(at: now)
  }

  private var server: String { claim.server }

  /// Adds the files to refuse to the refusals.
  func judge(
    _ manifest: UploadManifest, in anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals
  ) {
    refusePackages(manifest, anchor, &refusals)
    if let files = claim.rule?.files { refuseOthers(than: files, manifest, anchor, &refusals) }
    judgePlaces(manifest, anchor, &refusals)
    judgeWithdrawn(manifest, anchor, &refusals)
    for path in manifest.files.map(\.path.path) where !refusals.keepsOut(path) {
      judge(path, anchor, &refusals)
    }
    for link in manifest.links where !refusals.keepsOut(link.path.path) { judge(link, anchor, &refusals) }
    for control in manifest.control where !refusals.keepsOut(control.path.path) {
      judge(control, anchor, &refusals)
    }
  }

  /// Refuses binary packages: the index of their tree would not be the one of the server.
  private func refusePackages(
    _ manifest: UploadManifest, _ anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals
  ) {
    for path in manifest.allPaths where path.place.isInPackages {
      refusals.drop(
        path,
        fault(
          path, "is in a tree of binary packages", "publish it from that server to the web server", anchor))
    }
  }

  /// Refuses what does not belong to the only target whose files are expected.
  private func refuseOthers(
    than files: TargetFiles, _ manifest: UploadManifest, _ anchor: borrowing AnchoredDirectory,
    _ refusals: inout UploadRefusals
  ) {
    for path in manifest.allPaths where !files.holds(path) {
      refusals.drop(path, fault(path, "does not belong to what this job builds", "check that node", anchor))
    }
  }

  /// Refuses what was withdrawn here: an upload must not restore it.
  private func judgeWithdrawn(
    _ manifest: UploadManifest, _ anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals
  ) {
    let uploaded = Set(manifest.files.map(\.path.path))
    func refuse(_ path: MirrorPath, _ notice: MirrorPath) {
      guard !refusals.keepsOut(path), !anchor.isGone(notice) else { return }
      // A server that withdraws it as well needs no message.
      guard !uploaded.contains(notice) else { return refusals.drop(path) }
      refusals.drop(
        path, fault(path, "was withdrawn here", "restore it here first, or withdraw it there too", anchor))
    }
    for path in uploaded.sorted() {
      if let version = path.version { refuse(version, version.file(.withdrawal)) }
      let signed = SignatureFormat.parse(path.name)?.file ?? path.name
      let tarball = path.parent.appending(SidecarKind.parse(signed, kinds)?.tarball ?? signed)
      refuse(path, tarball.parent.appending(tarball.name.appending(SidecarKind.withdrawal.rawValue)))
    }
    for (link, text) in manifest.links.lazy.map({ ($0.path.path, $0.target.path.bytes) }) {
      guard let target = Link.destination(of: text, in: link.parent, roots: []) else { continue }
      if let version = target.version { refuse(link, version.file(.withdrawal)) }
      let tarball = SidecarKind.parse(target.name, kinds)?.tarball ?? target.name
      refuse(link, target.parent.appending(tarball.appending(SidecarKind.withdrawal.rawValue)))
    }
    for control in manifest.control {
      guard let version = control.version, let subarch = control.path.path.subarch else { continue }
      refuse(control.path.path, subarch.appending(version).file(.withdrawal))
    }
  }

  private func judgePlaces(
    _ manifest: UploadManifest, _ anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals
  ) {
    let paths = manifest.allPaths.filter { !$0.place.isInPackages && !refusals.keepsOut($0) }
    var gained: Set<MirrorPath> = []
    for subarch in Set(paths.compactMap(\.subarch)).sorted() {
      do throws(MirrorError) {
        guard let objection = try claim.objection(to: subarch, in: anchor) else {
          gained.insert(subarch)
          continue
        }
        refusals.hold(subarch, objection)
      } catch { refusals.hold(subarch, error) }
    }
    for directory in Set(paths.filter { $0.subarch == nil }.map(\.parent)).sorted() {
      do throws(MirrorError) {
        let objection = try claim.objection(toSnapshots: directory, gained: gained, in: anchor)
        if let objection { refusals.hold(directory, objection) }
      } catch { refusals.hold(directory, error) }
    }
    guard claim.rule?.files == nil else { return }
    for subarch in gained.sorted() where !(subarch.place.subarch.map(claim.rotation.isStored) ?? false) {
      refusals.report(
        MirrorError(
          .invalid, anchor.displayed(subarch), "is received, but not cleaned or indexed here",
          remedy: "add it to also-stored (rotation)"))
    }
  }

  private func judge(
    _ path: MirrorPath, _ anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals
  ) {
    if let version = path.version {
      if let problem = objection(toDate: VersionDate(version.name.bytes)) {
        return refusals.drop(version, fault(version, problem.0, problem.1, anchor))
      }
    }
    guard UploadKind(path, kinds, in: layout) != nil else {
      return refusals.drop(
        path,
        fault(
          path, "is not a file created by builds", "exclude it in [section publish/NAME] on that server",
          anchor))
    }
    guard path.subarch == nil else { return }
    let signed = SignatureFormat.parse(path.name)?.file ?? path.name
    let tarball = SidecarKind.parse(signed, kinds)?.tarball ?? signed
    if let problem = objection(toDate: TarballName(tarball, kinds)?.snapshotParts?.date) {
      refusals.drop(path, fault(path, problem.0, problem.1, anchor))
    }
  }

  private func objection(toDate date: VersionDate?) -> (String, String)? {
    guard let date else { return ("is not a version: its name is not a date", "check the server") }
    // The jobs of a farm build the dates that this mirror asked for.
    guard date <= horizon || claim.rule?.files != nil else {
      return ("is dated in the future", "check the clocks of that server and of this one")
    }
    return nil
  }

  private func judge(
    _ link: UploadManifest.Link, _ anchor: borrowing AnchoredDirectory, _ refusals: inout UploadRefusals
  ) {
    let path = link.path.path
    let target = Link.destination(of: link.target.path.bytes, in: path.parent, roots: [])
    if let target, UploadKind.isLink(path, to: target, kinds, in: layout) {
      // The target is reported by itself.
      if refusals.keepsOut(target) { refusals.drop(path) }
    } else {
      refusals.drop(
        path,
        fault(
          path, "is not a link created by builds", "exclude it in [section publish/NAME] on that server",
          anchor))
    }
  }

  private func judge(
    _ control: UploadManifest.Control, _ anchor: borrowing AnchoredDirectory,
    _ refusals: inout UploadRefusals
  ) {
    let path = control.path.path
    guard path.place.controlFile != .failcount else {
      let digits = control.text.hasSuffix("\n") ? control.text.dropLast() : control.text[...]
      if digits.isEmpty || digits.count > 6 || !digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
        refusals.drop(path, fault(path, "is not a failure count", "check the server", anchor))
      }
      return
    }
    if control.version == nil {
      refusals.drop(path, fault(path, "does not contain a date", "check the server", anchor))
    }
  }

  private func fault(
    _ path: MirrorPath, _ problem: String, _ remedy: String, _ anchor: borrowing AnchoredDirectory
  ) -> MirrorError {
    MirrorError(
      .invalid, anchor.displayed(path), "\(problem): not received from \(server)", remedy: remedy)
  }
}

extension UploadManifest {
  /// The paths of all requested changes.
  var allPaths: [MirrorPath] {
    files.map(\.path.path) + links.map(\.path.path) + control.map(\.path.path) + cleared.map(\.path)
  }
}

extension UploadManifest.Control {
  /// The version in the single line of a file below `.control/version`; nil if it is not a name.
  var version: FileName? {
    let line = Array(text.utf8)
    let date = line.last == UInt8(ascii: "\n") ? line.dropLast() : line[...]
    return VersionDate(date) == nil ? nil : FileName(bytes: Array(date))
  }
}
