public import LinuxSystem

/// The contents of a subarch's `.control` directory.
public struct ControlState: Sendable {
  /// Consecutive failed builds.
  public package(set) var failcount = 0
  /// `failcount/TARGET`: consecutive failures of extras and optional variants; only counts above zero.
  public package(set) var targetFailcounts: [FileName: Int] = [:]
  /// `version/<target>`: the last version built, by target (`stage3`, `stage4/openvz`).
  public package(set) var versions: [String: FileName] = [:]
  /// `strategy/build`: `local` or `remote`.
  public package(set) var buildStrategy: String?
  /// `strategy/seed`: `stage3` or `stage1`.
  public package(set) var seedStrategy: String?
  /// `remote/build|arch_desc|subarch`: the subarch whose stage3 seeds a remote build.
  public package(set) var remoteSeed: MirrorPath?
  /// `.multi_progress` and `.<target>_progress`.
  var locks: [ProgressLock] = []
  /// Leftovers of killed runs.
  package var leftovers: [MirrorPath] = []

  package init() {}

  /// A lock whose process is running.
  package var liveLock: ProgressLock? { locks.first(where: \.isAlive) }
  /// The lock of a running build, which keeps the subarch out of the rotation.
  package var liveBuildLock: ProgressLock? { locks.first { $0.isAlive && $0.name == ".multi_progress" } }
}

/// A lock in Metro's format: a file that contains a process id, and where the process runs.
package struct ProgressLock: Sendable {
  let name: FileName
  /// nil if it is just being written, or is not a lock of a build.
  package let owner: LockOwner?
  let isAlive: Bool

  /// Who holds it, for people.
  package var holder: String { owner?.description ?? "unknown pid" }
}

/// Reads `.control`.
package struct ControlDirectory {
  package static let name: FileName = ".control"

  package let probe: ProcessProbe
  /// Seconds since the epoch.
  package let now: Int64

  package init(probe: ProcessProbe, now: Int64) {
    self.probe = probe
    self.now = now
  }

  /// Receives a problem, and its path relative to the mirror's root.
  package typealias Report = (_ problem: MirrorError, _ path: MirrorPath) -> Void

  /// Reads the current state; unreadable files are reported and treated as missing.
  package func read(_ directory: borrowing AnchoredDirectory, report: Report) -> ControlState {
    var state = ControlState()
    for entry in list(directory, report) {
      let file = ControlFile(MirrorPath(bytes: entry.name.bytes))
      switch entry.kind {
      case _ where TemporaryName.matches(entry.name):
        state.leftovers.append(MirrorPath(bytes: entry.name.bytes))
      case .regular where file == .failcount:
        state.failcount = failcount(directory, .failcount, report)
      case .regular where entry.name.hasSuffix("_progress") && entry.name.isHidden:
        if let lock = lock(entry.name, directory, report) { state.locks.append(lock) }
      case .directory where entry.name == "version": readVersions(directory, nil, into: &state, report)
      case .directory where entry.name == ControlFile.targetFailcounts:
        readTargetFailcounts(directory, into: &state, report)
      case .directory where entry.name == "strategy":
        state.buildStrategy = line(directory, .buildStrategy, report)?.description
        state.seedStrategy = line(directory, .seedStrategy, report)?.description
        addLeftovers(of: entry.name, in: directory, to: &state, report)
      case .directory where entry.name == "remote":
        addLeftovers(of: entry.name, in: directory, to: &state, report)
        if let build = line(directory, .remoteBuild, report),
          let arch = line(directory, .remoteArch, report),
          let subarch = line(directory, .remoteSubarch, report)
        {
          state.remoteSeed = MirrorPath(.subarch(.init(build: build, arch: arch, name: subarch)))
        }
      case _ where ["version", "strategy", "remote", ControlFile.targetFailcounts].contains(entry.name):
        report(
          Self.oddity(entry.name, in: directory, isNo: "directory"), directory.path.appending(entry.name))
      case _ where entry.name.hasSuffix("_progress") || file == .failcount:
        report(
          Self.oddity(entry.name, in: directory, isNo: "regular file"), directory.path.appending(entry.name))
      default: break
      }
    }
    state.locks.sort { $0.name < $1.name }
    return state
  }

  /// Something that Metro never creates, such as a link to another control directory, is not trusted.
  static func oddity(
    _ name: FileName, in directory: borrowing AnchoredDirectory, isNo kind: String
  ) -> MirrorError {
    MirrorError(.invalid, directory.displayed(name), "is not a \(kind)", remedy: "replace it with one")
  }

  /// Reads `version`, or a directory of targets in it.
  private func readVersions(
    _ directory: borrowing AnchoredDirectory, _ group: MirrorPath?, into state: inout ControlState,
    _ report: Report
  ) {
    let path = MirrorPath("version").joined(group ?? .root)
    do throws(MirrorError) {
      let versions = try directory.directory(path)
      for entry in list(versions, report) {
        let target = (group ?? .root).appending(entry.name)
        if TemporaryName.matches(entry.name) {
          state.leftovers.append(path.appending(entry.name))
        } else if entry.kind == .regular {
          state.versions["\(target)"] = line(directory, .version(target: target), report)
        } else if entry.kind == .directory, entry.name == "stage4", group == nil {
          readVersions(directory, target, into: &state, report)
        } else if entry.kind != .directory {
          report(
            Self.oddity(entry.name, in: versions, isNo: "regular file"), versions.path.appending(entry.name))
        }
      }
    } catch { report(error, directory.path.joined(path)) }
  }

  /// Reads `failcount`, the counts of single targets.
  private func readTargetFailcounts(
    _ directory: borrowing AnchoredDirectory, into state: inout ControlState, _ report: Report
  ) {
    do throws(MirrorError) {
      let path = MirrorPath(bytes: ControlFile.targetFailcounts.bytes)
      for entry in list(try directory.directory(path), report) {
        if TemporaryName.matches(entry.name) {
          state.leftovers.append(path.appending(entry.name))
        } else if entry.kind == .regular, !entry.name.isHidden {
          let count = failcount(directory, .targetFailcount(entry.name), report)
          if count > 0 { state.targetFailcounts[entry.name] = count }
        }
      }
    } catch { report(error, directory.path.appending(ControlFile.targetFailcounts)) }
  }

  /// Adds what killed runs left in a directory of settings, such as `remote`.
  private func addLeftovers(
    of name: FileName, in directory: borrowing AnchoredDirectory, to state: inout ControlState,
    _ report: Report
  ) {
    do throws(MirrorError) {
      for entry in list(try directory.directory(name), report) where TemporaryName.matches(entry.name) {
        state.leftovers.append(MirrorPath(bytes: name.bytes).appending(entry.name))
      }
    } catch { report(error, directory.path.appending(name)) }
  }

  private func list(
    _ directory: borrowing AnchoredDirectory, _ report: Report
  ) -> [AnchoredDirectory.Entry] {
    do throws(MirrorError) { return try directory.entries() } catch {
      report(error, directory.path)
      return []
    }
  }

  /// The word in a control file; nil if it is missing or blank.
  private func line(
    _ directory: borrowing AnchoredDirectory, _ file: ControlFile, _ report: Report
  ) -> FileName? {
    do throws(MirrorError) {
      return try directory.contents(of: file.path, limit: 4096).flatMap(ControlFile.word)
    } catch {
      report(error, directory.path.joined(file.path))
      return nil
    }
  }

  private func failcount(
    _ directory: borrowing AnchoredDirectory, _ file: ControlFile, _ report: Report
  ) -> Int {
    guard let text = line(directory, file, report) else { return 0 }
    guard let count = ControlFile.failures(text) else {
      report(
        MirrorError(
          .invalid, directory.displayed(file.path), "`\(text)` is not a failure count",
          remedy: "remove the file; until then it counts as 0"),
        directory.path.joined(file.path))
      return 0
    }
    return count
  }

  /// A lock in this directory; nil if it is gone or cannot be read.
  func lock(
    _ name: FileName, _ directory: borrowing AnchoredDirectory, _ report: Report
  ) -> ProgressLock? {
    do throws(MirrorError) {
      guard let status = try directory.status(of: name) else { return nil }
      let written = status.identity.mtime / 1_000_000_000
      let text = try directory.contents(of: MirrorPath(bytes: name.bytes), limit: 4096)
      let owner = text.flatMap { LockOwner($0) }
      // A lock without a number is just being written, unless it is old.
      let isAlive = owner.map { probe($0, lockWritten: written) } ?? (abs(now - written) < 60)
      return ProgressLock(name: name, owner: owner, isAlive: isAlive)
    } catch {
      report(error, directory.path.appending(name))
      return nil
    }
  }
}
