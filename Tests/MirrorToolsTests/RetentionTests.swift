import LinuxSystem
import MirrorModel
import Testing
import TestSupport

@testable import MirrorTools

@Suite("The retention policy: what each rule keeps")
struct RetentionPolicyTests {
  /// Dates that `change` keeps, newest first, if nothing else keeps more than the newest.
  private func kept(_ dates: [String], _ change: (inout RetentionPolicy) -> Void) -> [String] {
    var policy = RetentionPolicy.keeping(1)
    change(&policy)
    return policy.reasons(for: dates.map(day)).keys.sorted(by: >).map(\.description)
  }

  private let november = ["2026-11-20", "2026-11-16", "2026-11-15", "2026-11-09", "2026-11-08", "2026-10-31"]

  @Test("by default the newest three are kept, with a reason")
  func byDefault() {
    let reasons = RetentionPolicy().reasons(for: november.map(day))
    #expect(reasons.keys.sorted() == [day("2026-11-15"), day("2026-11-16"), day("2026-11-20")])
    #expect(reasons[day("2026-11-16")] == ["one of the newest 3"])
  }

  @Test("keep counts versions, not days, and is at least one", arguments: [-1, 0, 1, 2, 6, 100])
  func keep(count: Int) {
    #expect(kept(november) { $0.keep = count } == Array(november.prefix(max(1, count))))
  }

  @Test("within counts back from the newest and includes the day itself")
  func within() {
    #expect(kept(november) { $0.withinDays = 3 } == ["2026-11-20"])
    #expect(kept(november) { $0.withinDays = 4 } == ["2026-11-20", "2026-11-16"])
    #expect(kept(november) { $0.withinDays = 20 } == november)
    #expect(kept(november) { $0.withinDays = 19 } == november.dropLast())
  }

  @Test("daily counts only days with a version")
  func daily() {
    #expect(kept(november) { $0.daily = 3 } == ["2026-11-20", "2026-11-16", "2026-11-15"])
  }

  @Test("weekly begins on Monday: the 16th is one, the 15th belongs to the week before")
  func weekly() {
    #expect(kept(november) { $0.weekly = 1 } == ["2026-11-20"])
    #expect(kept(november) { $0.weekly = 2 } == ["2026-11-20", "2026-11-15"])
    #expect(kept(november) { $0.weekly = 3 } == ["2026-11-20", "2026-11-15", "2026-11-08"])
    #expect(kept(november) { $0.weekly = 4 } == ["2026-11-20", "2026-11-15", "2026-11-08", "2026-10-31"])
  }

  @Test("a week continues over the turn of the year")
  func weekOverNewYear() {
    // 2026-12-28 is a Monday, 2027-01-03 a Sunday: both ISO week 2026-W53.
    #expect(
      kept(["2027-01-04", "2027-01-03", "2026-12-28", "2026-12-27"]) { $0.weekly = 3 }
        == ["2027-01-04", "2027-01-03", "2026-12-27"])
    // Before 1970, too: 1969-12-29 is a Monday.
    #expect(
      kept(["1970-01-04", "1969-12-29", "1969-12-28"]) { $0.weekly = 2 } == ["1970-01-04", "1969-12-28"])
  }

  @Test("monthly keeps the newest of each month; months of different years differ")
  func monthly() {
    #expect(kept(november) { $0.monthly = 2 } == ["2026-11-20", "2026-10-31"])
    #expect(
      kept(["2026-11-20", "2026-01-31", "2026-01-01", "2025-11-30", "2025-11-01"]) { $0.monthly = 3 }
        == ["2026-11-20", "2026-01-31", "2025-11-30"])
  }

  @Test("yearly keeps the newest of each year with a version")
  func yearly() {
    #expect(
      kept(["2026-11-20", "2026-01-01", "2024-12-31", "2024-01-01", "2021-05-05"]) { $0.yearly = 2 }
        == ["2026-11-20", "2024-12-31"])
  }

  @Test("a version is kept if any rule keeps it, with all reasons")
  func addUp() {
    var policy = RetentionPolicy.keeping(2)
    policy.weekly = 2
    policy.monthly = 2
    let reasons = policy.reasons(for: november.map(day))
    #expect(
      reasons == [
        day("2026-11-20"): ["one of the newest 2", "weekly", "monthly"],
        day("2026-11-16"): ["one of the newest 2"],
        day("2026-11-15"): ["weekly"],
        day("2026-10-31"): ["monthly"],
      ])
    #expect(policy.description == "keep 2, weekly 2, monthly 2, incomplete ones for 3 days")
  }

  @Test("no versions give no reasons")
  func empty() { #expect(RetentionPolicy().reasons(for: []).isEmpty) }
}

@Suite("The limit on what one clean may remove")
struct RemovalLimitTests {
  @Test(
    "a plan that removes more is refused",
    arguments: [
      (RemovalLimit.count(1), true), (.count(2), false), (.count(0), true), (.percent(66), true),
      (.percent(67), false), (.percent(0), true), (.percent(100), false),
    ])
  func check(limit: RemovalLimit, isRefused: Bool) throws {
    let mirror = try TestMirror.three().scan()
    let planner = RetentionPlanner(
      policy: .keeping(1), today: day("2026-11-22"), mounts: MountTable(points: []))
    let plan = planner.plan(mirror)
    #expect(plan.removals.count == 2)
    do throws(MirrorError) {
      try plan.check(limit, mirror: mirror)
      #expect(!isRefused)
    } catch {
      #expect(isRefused)
      #expect(error.code == .refused)
    }
  }
}
