import MirrorModel
import LinuxSystem

/// Judges whether a server may write to a subarch, by what lies there on the master.
struct SubarchClaim {
  let server: String
  /// nil where others are listed and this server is not.
  let rule: ReceiveRules.Rule?
  let rotation: RotationSettings
  let control: ControlDirectory

  /// What a subarch is on the master.
  private struct Found {
    /// Of `.control/server`; nil where none is noted.
    var owner: [UInt8]?
    /// Whether nothing is in it, as where a receive was killed that made it.
    var isVacant = true
    var state = ControlState()
  }

  /// Why a subarch is not to be written to; nil if it is.
  func objection(
    to subarch: MirrorPath, in anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> MirrorError? {
    let (name, found) = (anchor.displayed(subarch), try Self.look(at: subarch, in: anchor, control))
    func objection(_ problem: String, _ remedy: String) -> MirrorError {
      MirrorError(.invalid, name, "\(problem): nothing of it is received from \(server)", remedy: remedy)
    }
    let file = anchor.displayed(subarch.control(.server))
    if rotation.isBuiltHere(subarch) {
      return objection(
        "is built here, and \(server) uploads it",
        "remove it from subarches (rotation), or put it into also-stored")
    }
    if let owner = found.owner, owner != Array(server.utf8) {
      return objection(
        "is built by \(escaped(owner)), and \(server) uploads it too",
        "write \(server) into \(file) if it is built there from now on")
    }
    if let lock = found.state.liveLock {
      let holder = lock.pid.map { " (pid \($0))" } ?? ""
      return objection("is being built here\(holder)", "receive again when that has ended")
    }
    guard let rule, rule.subarches?.contains(where: { $0.matches(subarch) }) ?? true else {
      return objection("is not listed for \(server)", "name it in subarches of [section receive/\(server)]")
    }
    guard found.owner == nil else { return nil }
    if found.state.buildStrategy != nil {
      return objection(
        "is built here, as .control/strategy/build says",
        "to hand it over to \(server), write that name into \(file)")
    }
    if !found.isVacant, rule.subarches == nil {
      return objection(
        "is there already and has no owner",
        "to hand it over, name it in subarches of [section receive/\(server)], or write \(server) into \(file)"
      )
    }
    return nil
  }

  /// Why the snapshots of a build are not to be written to; nil if they are.
  ///
  /// - Parameter gained: subarches that the server may write to in this upload.
  func objection(
    toSnapshots directory: MirrorPath, gained: Set<MirrorPath>, in anchor: borrowing AnchoredDirectory
  ) throws(MirrorError) -> MirrorError? {
    let (name, build) = (anchor.displayed(directory), directory.parent)
    func objection(_ problem: String) -> MirrorError {
      MirrorError(
        .invalid, name, "\(problem): no snapshots are received from \(server)",
        remedy: "name the build in snapshots of [section receive/\(server)], or exclude snapshots there")
    }
    guard let rule else { return objection("are not listed for \(server)") }
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
        // What a build here starts from is nothing that others choose.
        return objection("belong to this master, which has \(subarch) of that build")
      }
    }
    return ownsOne ? nil : objection("belong to a build of which \(server) builds nothing")
  }

  /// Notes whose subarch it is, before anything of it appears: a run that is killed can be completed then.
  func note(_ subarch: MirrorPath, in anchor: borrowing AnchoredDirectory) throws(MirrorError) {
    let directory = try anchor.makePath(subarch.appending(ControlDirectory.name))
    let said = try directory.contents(of: ControlFile.server.path, limit: 4096) ?? []
    guard ControlFile.word(said) == nil else { return }
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
    // What cannot be read must not look like what is not there.
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
        if names.contains(where: { $0 == ControlDirectory.name || CalendarDate($0.bytes) != nil }) {
          found.append(path)
        }
      }
    }
    return found
  }
}

extension RotationSettings {
  /// Whether the configuration names a subarch as one that is built here.
  func isBuiltHere(_ path: MirrorPath) -> Bool {
    guard let place = path.place.subarch, let subarches, subarches.contains(place.name),
      !alsoStored.contains(place.name)
    else { return false }
    return builds?.contains(place.build) ?? true && arches?.contains(place.arch) ?? true
  }
}
