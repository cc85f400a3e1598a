import Glibc

/// What a subarch's `.control` directory says.
public struct ControlState: Sendable {
  /// Consecutive failed builds.
  public internal(set) var failcount = 0
  /// `version/<target>`: the last version built, by target (`stage3`, `stage4/openvz`).
  public internal(set) var versions: [String: FileName] = [:]
  /// `strategy/build`: `local` or `remote`.
  public internal(set) var buildStrategy: String?
  /// `strategy/seed`: `stage3` or `stage1`.
  public internal(set) var seedStrategy: String?
  /// `remote/build|arch_desc|subarch`: whose stage3 seeds a remote build.
  public internal(set) var remoteSeed: MirrorPath?
  /// `.multi_progress` and `.<target>_progress`.
  var locks: [ProgressLock] = []
  /// What a killed run left.
  var leftovers: [MirrorPath] = []

  /// A lock whose process lives.
  var liveLock: ProgressLock? { locks.first(where: \.isAlive) }
  /// A live lock of a whole build, what keeps a subarch out of the rotation.
  var liveBuildLock: ProgressLock? { locks.first { $0.isAlive && $0.name == ".multi_progress" } }
}

/// A lock of Metro's: a file that holds a process number.
struct ProgressLock: Sendable {
  let name: FileName
  let pid: Int32?
  let isAlive: Bool
}

/// Tells whether the process that wrote a lock still runs.
public struct ProcessProbe: Sendable {
  private let isAlive: @Sendable (_ pid: Int32, _ lockWritten: Int64) -> Bool

  /// `lockWritten` is the lock's mtime, in seconds since the epoch.
  public init(_ isAlive: @escaping @Sendable (_ pid: Int32, _ lockWritten: Int64) -> Bool) {
    self.isAlive = isAlive
  }

  /// Asks the kernel. A process that began after the lock was written only reuses the number.
  public static let system = ProcessProbe { pid, lockWritten in
    guard pid > 0, kill(pid, 0) == 0 || errno == EPERM else { return false }
    guard let started = startTime(of: pid) else { return true }
    return started <= lockWritten + 2
  }

  func callAsFunction(_ pid: Int32, lockWritten: Int64) -> Bool { isAlive(pid, lockWritten) }

  /// Seconds since the epoch; source: proc(5), `/proc/PID/stat` field 22 and `btime` of `/proc/stat`.
  private static func startTime(of pid: Int32) -> Int64? {
    guard let stat = ProcFile.text("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let ticks = Int64(fields[19]), let system = ProcFile.text("/proc/stat"),
      let line = system.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
      let boot = Int64(line.dropFirst(6))
    else { return nil }
    return boot + ticks / max(1, Int64(sysconf(Int32(_SC_CLK_TCK))))
  }
}

/// Small files of `/proc` and `/sys`, whose size is told wrong.
package enum ProcFile {
  /// All of one as text; nil if it cannot be read.
  package static func text(_ path: String) -> String? {
    bytes(path).map { String(decoding: $0, as: UTF8.self) }
  }

  static func bytes(_ path: String) -> [UInt8]? {
    let raw = open(path, O_RDONLY | O_CLOEXEC)
    guard raw >= 0 else { return nil }
    let file = Descriptor(owning: raw)
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = buffer.withUnsafeMutableBytes { Glibc.read(file.raw, $0.baseAddress, $0.count) }
      guard count > 0 else { return count == 0 ? content : nil }
      content += buffer.prefix(count)
    }
  }
}

/// Reads `.control`.
struct ControlDirectory {
  static let name: FileName = ".control"

  let probe: ProcessProbe
  /// Seconds since the epoch.
  let now: Int64

  /// Reads what is there into a state; what cannot be read is reported and taken as absent.
  func read(_ directory: borrowing AnchoredDirectory, report: (MirrorError) -> Void) -> ControlState {
    var state = ControlState()
    for entry in list(directory, report) {
      switch entry.kind {
      case .regular where TemporaryName.matches(entry.name):
        state.leftovers.append(MirrorPath(bytes: entry.name.bytes))
      case .regular where entry.name == ".failcount":
        state.failcount = failcount(directory, report)
      case .regular where entry.name.hasSuffix("_progress") && entry.name.isHidden:
        if let lock = lock(entry.name, directory, report) { state.locks.append(lock) }
      case .directory where entry.name == "version":
        readVersions(directory, "version", prefix: "", into: &state, report)
      case .directory where entry.name == "strategy":
        state.buildStrategy = line(directory, "strategy/build", report)?.description
        state.seedStrategy = line(directory, "strategy/seed", report)?.description
      case .directory where entry.name == "remote":
        if let build = line(directory, "remote/build", report),
          let arch = line(directory, "remote/arch_desc", report),
          let subarch = line(directory, "remote/subarch", report)
        {
          state.remoteSeed = MirrorPath.root.appending(build).appending(arch).appending(subarch)
        }
      case _ where ["version", "strategy", "remote"].contains(entry.name):
        report(Self.oddity(entry.name, in: directory, isNo: "directory"))
      case _ where entry.name.hasSuffix("_progress") || entry.name == ".failcount":
        report(Self.oddity(entry.name, in: directory, isNo: "regular file"))
      default: break
      }
    }
    state.locks.sort { $0.name < $1.name }
    return state
  }

  /// What Metro never makes, such as a link to another control directory, says nothing that can be relied on.
  static func oddity(
    _ name: FileName, in directory: borrowing AnchoredDirectory, isNo kind: String
  ) -> MirrorError {
    MirrorError(.invalid, directory.displayed(name), "is no \(kind)", remedy: "replace it by one")
  }

  private func readVersions(
    _ directory: borrowing AnchoredDirectory, _ path: MirrorPath, prefix: String,
    into state: inout ControlState,
    _ report: (MirrorError) -> Void
  ) {
    do throws(MirrorError) {
      let versions = try directory.directory(path)
      for entry in list(versions, report) {
        if entry.kind == .regular, TemporaryName.matches(entry.name) {
          state.leftovers.append(path.appending(entry.name))
        } else if entry.kind == .regular {
          state.versions[prefix + entry.name.description] = line(
            directory, path.appending(entry.name), report)
        } else if entry.kind == .directory, entry.name == "stage4", prefix.isEmpty {
          readVersions(directory, path.appending(entry.name), prefix: "stage4/", into: &state, report)
        } else if entry.kind != .directory {
          report(Self.oddity(entry.name, in: versions, isNo: "regular file"))
        }
      }
    } catch { report(error) }
  }

  private func list(
    _ directory: borrowing AnchoredDirectory, _ report: (MirrorError) -> Void
  ) -> [AnchoredDirectory.Entry] {
    do throws(MirrorError) { return try directory.entries() } catch {
      report(error)
      return []
    }
  }

  /// The first line of a control file, blank space trimmed; nil when it is missing or blank.
  private func line(
    _ directory: borrowing AnchoredDirectory, _ path: MirrorPath, _ report: (MirrorError) -> Void
  ) -> FileName? {
    do throws(MirrorError) {
      guard let bytes = try directory.contents(of: path, limit: 4096) else { return nil }
      let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
      let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
      let trimmed = line.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
      return trimmed.isEmpty ? nil : FileName(bytes: Array(trimmed))
    } catch {
      report(error)
      return nil
    }
  }

  private func failcount(_ directory: borrowing AnchoredDirectory, _ report: (MirrorError) -> Void) -> Int {
    guard let text = line(directory, ".failcount", report) else { return 0 }
    guard let count = Int(text.description), count >= 0 else {
      report(
        MirrorError(
          .invalid, directory.displayed(".failcount" as FileName), "`\(text)` is no failure count",
          remedy: "remove the file; until then it counts as 0"))
      return 0
    }
    return count
  }

  /// A lock of this directory; nil when it is gone or cannot be read.
  func lock(
    _ name: FileName, _ directory: borrowing AnchoredDirectory, _ report: (MirrorError) -> Void
  ) -> ProgressLock? {
    do throws(MirrorError) {
      guard let status = try directory.status(of: name) else { return nil }
      let written = status.identity.mtime / 1_000_000_000
      let pid = line(directory, MirrorPath(bytes: name.bytes), report).flatMap { Int32($0.description) }
      // A lock without a number is being written just now, unless it is old.
      let isAlive = pid.map { probe($0, lockWritten: written) } ?? (abs(now - written) < 60)
      return ProgressLock(name: name, pid: pid, isAlive: isAlive)
    } catch {
      report(error)
      return nil
    }
  }
}
