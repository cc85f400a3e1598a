import Foundation
import LinuxSystem
import TestSupport
import Testing

@testable import MirrorModel

@Suite("Names of versions: days and moments")
struct VersionDateTests {
  /// A random name, and its time as Foundation knows it.
  private struct Sample {
    let name: String
    let time: Date
    let isMoment: Bool

    init(_ dice: inout Seeded) {
      // Few days, so that many fall on the same one; the whole range of years now and then.
      let day =
        Bool.random(using: &dice)
        ? Int.random(in: 20_600...20_603, using: &dice) : Int.random(in: -130_000...2_900_000, using: &dice)
      isMoment = Bool.random(using: &dice)
      let second = isMoment ? [0, 1, 43_200, 61_382, 86_399].randomElement(using: &dice) ?? 0 : 0
      time = Date(timeIntervalSince1970: Double(day * 86_400 + second))
      let text = time.formatted(.iso8601)
      name =
        isMoment ? text.filter { $0 != "-" && $0 != ":" } : text.prefix { $0 != "T" }.description
    }
  }

  @Test("are sorted by time; a day is its 00:00 UTC", arguments: UInt64(0)..<40)
  func order(seed: UInt64) throws {
    var dice = Seeded(state: seed)
    for _ in 0..<200 {
      let (left, right) = (Sample(&dice), Sample(&dice))
      let first = try #require(VersionDate(left.name.utf8), "\(left.name)")
      let second = try #require(VersionDate(right.name.utf8), "\(right.name)")
      #expect("\(first)" == left.name)
      #expect(first.seconds == Int64(left.time.timeIntervalSince1970))
      #expect((first == second) == (left.name == right.name))
      let isBefore =
        left.time == right.time ? !left.isMoment && right.isMoment : left.time < right.time
      #expect((first < second) == isBefore, "\(left.name) \(right.name)")
      #expect(
        FileName(left.name).isEarlierVersion(than: FileName(right.name)) == isBefore,
        "\(left.name) \(right.name)")
      #expect(try JSONDecoder().decode([VersionDate].self, from: JSONEncoder().encode([first])) == [first])
    }
  }

  @Test(
    "that do not exist are not versions",
    arguments: [
      "20261301T000000Z", "20260229T000000Z", "20260628T240000Z", "20260628T176002Z", "20260628T170360Z",
      "00000628T170302Z", "20260628T170302", "20260628t170302z", "20260628T170302+", "2026628T1703020Z",
      "20260628-170302Z", "20260628T1703.2Z", "2026-06-28T17:03", "2026-06-31", "", "Z",
    ])
  func invalid(name: String) { #expect(VersionDate(name.utf8) == nil) }

  @Test("are found in the names of snapshots and seeds")
  func names() throws {
    for name in ["portage-20260628T170302Z.tar.xz", "portage-2026-06-28.tar.xz"] {
      let parts = try #require(TarballName(FileName(name), .builtIn)?.snapshotParts)
      #expect(parts.name == "portage")
      #expect(name == "portage-\(parts.date).tar.xz")
    }
    #expect(TarballName("portage-20260628T170360Z.tar.xz", .builtIn)?.snapshotParts == nil)
    #expect(TarballName("20260628T170302Z.tar.xz", .builtIn)?.snapshotParts == nil)
    #expect(
      VersionDate.first(in: Array("stage3-amd64-openrc-20260628T170302Z.tar.xz".utf8))
        == day("20260628T170302Z"))
  }

  @Test("need no more memory than days did: a version has four bytes for it, and two flags")
  func memory() { #expect(MemoryLayout<VersionDate>.size <= 6) }
}
