@testable import LinuxSystem
@testable import MirrorModel
import CLinux
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

/// A subarch as in Metro's database.
private struct Row: Sendable {
  let name: String
  let failcount: Int
  let age: Int?
  let isBusy: Bool
}

/// Metro's `nextbuild`, loop by loop.
private struct MetroModel {
  let staleDays: Int
  let maxFailcount: Int
  private(set) var passedOver: [String] = []

  init(staleDays: Int, maxFailcount: Int) {
    self.staleDays = staleDays
    self.maxFailcount = maxFailcount
  }

  mutating func next(of rows: [Row]) -> String? {
    for level in 0..<maxFailcount {
      let neverBuilt = rows.filter { $0.failcount == level && $0.age == nil }
      if let found = first(of: neverBuilt, minimumAge: staleDays) { return found }
      if level + 1 < maxFailcount {
        let failing = oldestFirst(rows.filter { $0.failcount == level + 1 })
        if let found = first(of: failing, minimumAge: 2 * staleDays) { return found }
      }
      let stale = oldestFirst(rows.filter { $0.failcount == level && $0.age != nil })
      if let found = first(of: stale, minimumAge: staleDays) { return found }
    }
    return nil
  }

  private func oldestFirst(_ rows: [Row]) -> [Row] {
    var result: [Row] = []
    for row in rows {
      var place = 0
      while place < result.count, (result[place].age ?? 1_000_000) >= (row.age ?? 1_000_000) { place += 1 }
      result.insert(row, at: place)
    }
    return result
  }

  private mutating func first(of rows: [Row], minimumAge: Int) -> String? {
    for row in rows {
      if let age = row.age, age < minimumAge { continue }
      if !row.isBusy { return row.name }
      if !passedOver.contains(row.name) { passedOver.append(row.name) }
    }
    return nil
  }
}

@Suite("nextbuild: any mirror")
struct NextBuildModelTests {
  @Test("chooses builds like a literal reading of Metro's rule", arguments: UInt64(0)..<400)
  func model(seed: UInt64) throws {
    var random = Seeded(state: seed)
    let staleDays = Int.random(in: 0...5, using: &random)
    let rows = (0..<Int.random(in: 0...12, using: &random)).map { index in
      Row(
        name: "s\(10 + index)", failcount: Int.random(in: 0...4, using: &random),
        age: Int.random(in: 0...3, using: &random) == 0 ? nil : Int.random(in: -2...14, using: &random),
        isBusy: Int.random(in: 0...4, using: &random) == 0)
    }
    var settings = RotationSettings()
    settings.staleDays = staleDays
    settings.maxFailcount = Int.random(in: 0...5, using: &random)
    let today = try #require(CalendarDate(year: 2026, month: 11, day: 22))
    var model = MetroModel(staleDays: staleDays, maxFailcount: settings.maxFailcount)
    let expected = model.next(of: rows)

    let plan = try NextBuildPlan(mirror(rows, today), settings, today: today)

    #expect(plan.next?.subarch == expected.map { FileName($0) })
    #expect(plan.inProgress.map(\.name) == model.passedOver.map { FileName($0) })
  }

  private func mirror(_ rows: [Row], _ today: CalendarDate) throws -> Mirror {
    let status = FileStatus(clinux_status())
    let subarches = try rows.map { row in
      var control = ControlState()
      control.failcount = row.failcount
      if row.isBusy { control.locks = [ProgressLock(name: ".multi_progress", owner: nil, isAlive: true)] }
      let path: MirrorPath = "std/x86"
      let versions = try row.age.map { age -> [Version] in
        let date = try #require(day(age, before: today))
        let place = path.appending(FileName(row.name)).appending(FileName("\(date)"))
        var folder = Folder(path: place, status: status)
        var small = clinux_status()
        small.size = 1
        folder.tarballs = [
          Tarball("stage3-x.tar", in: place, format: .tar(nil), status: FileStatus(small))
        ]
        return [
          Version(
            name: place.name, isFuture: false, folder: folder, nested: [], hasStatus: true,
            hasSucceeded: true,
            hasBuildInfo: false)
        ]
      }
      return Subarch(
        build: "std", arch: "x86", name: FileName(row.name), control: control,
        folder: Folder(path: path.appending(FileName(row.name)), status: status), versions: versions ?? [])
    }
    let folder = Folder(path: .root, status: status)
    return Mirror(
      root: "/srv/mirror", kinds: .builtIn, folder: folder,
      builds: [
        Build(
          name: "std", folder: folder, snapshots: nil,
          arches: [Arch(name: "x86", folder: folder, subarches: subarches)])
      ],
      horizon: VersionDate(today))
  }

  private func day(_ age: Int, before today: CalendarDate) -> CalendarDate? {
    (1...30).compactMap { CalendarDate(year: 2026, month: 11, day: $0) }.first {
      today.days(since: $0) == age
    }
  }
}
