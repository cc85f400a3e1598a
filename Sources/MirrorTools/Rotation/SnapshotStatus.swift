public import MirrorModel
public import LinuxSystem

/// Status of the snapshots of one kind in a build.
public struct SnapshotStatus: Codable, Sendable, Hashable {
  /// The build, a line of development.
  public let build: FileName
  /// Name of the snapshots, such as `portage`.
  public let name: String
  /// The newest one, relative to the root of the mirror.
  public let path: MirrorPath
  /// Its date.
  public let date: VersionDate
  /// Days since that date; negative for a date in the future.
  public let ageDays: Int
  /// Number of snapshots.
  public let snapshots: Int
  /// Total size in bytes.
  public let bytes: Int64
  /// Number of compressed ones without a `.hash.txt`.
  public let digestsMissing: Int

  /// All kinds in a build, by name.
  static func all(of build: Build, today: CalendarDate, horizon: VersionDate) -> [SnapshotStatus] {
    guard let folder = build.snapshots else { return [] }
    let undigested = Set(folder.undigested.map(\.path))
    let dated = folder.tarballs.compactMap { tarball in
      tarball.parsedName.snapshotParts.map { (name: $0.name, date: $0.date, tarball: tarball) }
    }
    return Dictionary(grouping: dated, by: \.name).sorted { $0.key < $1.key }.compactMap { name, found in
      let past = found.filter { $0.date <= horizon && $0.tarball.isOffered }
      guard let newest = past.max(by: { $0.date < $1.date }) else { return nil }
      let tarballs = found.map(\.tarball)
      return SnapshotStatus(
        build: build.name, name: name, path: newest.tarball.path, date: newest.date,
        ageDays: today.days(since: newest.date), snapshots: tarballs.count,
        bytes: tarballs.reduce(0) { $0 &+ $1.status.size },
        digestsMissing: tarballs.count { undigested.contains($0.path) })
    }
  }
}
