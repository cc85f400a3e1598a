import MirrorModel
import LinuxSystem

/// Decides whether a server may write to a subarch, by the state of the subarch on the master.
struct SubarchClaim {
  let server: String
  /// nil if only other servers have a section.
  let rule: ReceiveRules.Rule?
  let rotation: RotationSettings
  let control: ControlDirectory

  /// State of a subarch on the master.
  private struct Found {
    /// Content of `.control/server`; nil if there is none.
    var owner: [UInt8]?
    /// Whether it is empty, e.g. after a receive that created it was killed.
    var isVacant = true
    var state = ControlState()
  }

  /// Why a subarch must not be written to; nil if it may.
  func objection(
    to subarch: MirrorPath, in anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> MirrorError? {
    let (name, found) = (anchor.displayed(subarch), try Self.look(at: subarch, in: anchor, control))
    func objection(_ problem: String, _ remedy: String) -> MirrorError {
      MirrorError(.invalid, name, "\(problem): not received from \(server)", remedy: remedy)
    }
    let file = anchor.displayed(subarch.control(.server))
    func lockObjection() -> MirrorError? {
      guard let lock = found.state.liveLock else { return nil }
      let holder = lock.owner.map { " (\($0))" } ?? ""
      return objection("is being built here\(holder)", "receive again after the build")
    }
    if rule?.files != nil { return lockObjection() }
    if rotation.isBuiltHere(subarch) {
      return objection(
        "is built here, but was uploaded by \(server)",
        "remove it from subarches (rotation), or move it to also-stored")
    }
    if let owner = found.owner, owner != Array(server.utf8) {
      return objection(
        "is built by \(escaped(owner)), but was uploaded by \(server)",
        "write \(server) to \(file) if it is now built there")
    }
    if let objection = lockObjection() { return objection }
    guard let rule, rule.subarches?.contains(where: { $0.matches(subarch) }) ?? true else {
      return objection("is not listed for \(server)", "add it to subarches in [section receive/\(server)]")
    }
    guard found.owner == nil else { return nil }
    if found.state.buildStrategy != nil {
      return objection(
        "is built here according to .control/strategy/build",
        "to hand it over to \(server), write that name to \(file)")
    }
    if !found.isVacant, rule.subarches == nil {
      return objection(
        "already exists and has no owner",
        "to hand it over, add it to subarches in [section receive/\(server)], or write \(server) to \(file)"
      )
    }
    return nil
  }

  /// Why the snapshots of a build must not be written to; nil if they may.
  ///
  /// - Parameter gained: subarches that the server may write to in this upload.
  func objection(
    toSnapshots directory: MirrorPath, gained: Set<MirrorPath>, in anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> MirrorError? {
    let (name, build) = (anchor.displayed(directory), directory.parent)
    func objection(_ problem: String) -> MirrorError {
      MirrorError(
        .invalid, name, "\(problem): no snapshots are received from \(server)",
        remedy: "add the build to snapshots in [section receive/\(server)], or exclude snapshots there")
    }
    guard let rule else { return objection("are not listed for \(server)") }
    if rule.files != nil { return nil }
    if let listed = rule.snapshots {
      let isListed = listed.contains { $0 == SubarchPattern.any || $0 == build.name }
      return isListed ? nil : objection("are not listed for \(server)")
    }
    var ownsOne = gained.contains { $0.place.subarch?.build == build.name }
    for subarch in try Self.subarches(of: build, in: anchor) {
      let found = try Self.look(at: subarch, in: anchor, control)
      if found.owner == Array(server.utf8) {
        ownsOne = true
      } else if found.owner == nil, !found.isVacant, !gained.contains(subarch) {
        // Other servers must not choose the snapshots that local builds start from.
        return objection("belong to this master, which builds \(subarch)")
      }
    }
    return ownsOne ? nil : objection("belong to a build without subarches of \(server)")
  }

  /// Records the owner of a subarch before any file of it appears, so that a killed run can be completed.
  func note(_ subarch: MirrorPath, in anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    guard rule?.files == nil else { return }
    let directory = try anchor.makePath(subarch.appending(ControlDirectory.name))
    let said = try directory.contents(of: ControlFile.server.path, limit: 4096) ?? []
    guard ControlFile.word(said) == nil else { return }
    // A run that was killed here left the file unwritten.
    try directory.removeLeftovers(control.probe)
    try DurableFile.write(
      ControlFile.text(server), to: ControlFile.server.path.name, in: directory, try directory.fileOwnership()
    )
  }

  private static func look(
    at subarch: MirrorPath, in anchor: borrowing AnchoredDirectory, _ control: ControlDirectory
  ) throws(MirrorError) -> Found {
    var found = Found()
    guard try anchor.status(at: subarch) != nil else { return found }
    let directory = try anchor.directory(subarch)
    let entries = try directory.entries()
    found.isVacant = entries.allSatisfy { $0.name == ControlDirectory.name || TemporaryName.matches($0.name) }
    guard entries.contains(where: { $0.name == ControlDirectory.name }) else { return found }
    let inner = try directory.directory(ControlDirectory.name)
    if try !inner.entries().allSatisfy({ TemporaryName.matches($0.name) }) { found.isVacant = false }
    // An unreadable file must not look like a missing one.
    var problem: MirrorError?
    found.state = control.read(inner) { error, _ in problem = problem ?? error }
    if let problem { throw problem }
    found.owner = ControlFile.word(try inner.contents(of: ControlFile.server.path, limit: 4096) ?? [])?.bytes
    return found
  }

  /// The directories that may be subarches of a build.
  private static func subarches(
    of build: MirrorPath, in anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [MirrorPath] {
    guard try anchor.status(at: build) != nil else { return [] }
    func directories(_ path: MirrorPath) throws(MirrorError) -> [MirrorPath] {
      try anchor.directory(path).entries().filter { $0.kind == .directory && !$0.name.isHidden }
        .map { path.appending($0.name) }
    }
    var found: [MirrorPath] = []
    for arch in try directories(build) where !MirrorGrammar.metro.isSnapshots(arch.name) {
      for path in try directories(arch) {
        let names = try anchor.directory(path).entries().filter { $0.kind == .directory }.map(\.name)
        if names.contains(where: { $0 == ControlDirectory.name || VersionDate($0.bytes) != nil }) {
          found.append(path)
        }
      }
    }
    return found
  }
}

extension RotationSettings {
  /// Whether the configuration lists a subarch as built here.
  func isBuiltHere(_ path: MirrorPath) -> Bool {
    guard let place = path.place.subarch, let subarches, subarches.contains(place.name),
      !alsoStored.contains(place.name)
    else { return false }
    return builds?.contains(place.build) ?? true && arches?.contains(place.arch) ?? true
  }
}
