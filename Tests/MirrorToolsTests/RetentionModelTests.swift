import MirrorModel
import Foundation
import Testing
import TestSupport

@testable import MirrorTools

extension Seeded {
  fileprivate mutating func one(in count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}

/// A random mirror, with a model of what must be kept that shares no code with the product.
private struct RandomMirror {
  struct Version {
    let path: String
    /// Days before today; negative in the future; nil if the name is not a date.
    let age: Int?
    let status: String?
    let hasStage3: Bool
    var isComplete: Bool { status != nil && hasStage3 }
  }

  /// Tomorrow does not count as the future: clocks and time zones differ.
  static let horizon = -1
  static let today = Date(timeIntervalSince1970: 1_795_305_600)  // 2026-11-22T00:00Z
  static let calendar = {
    var calendar = Calendar(identifier: .iso8601)
    calendar.timeZone = .gmt
    return calendar
  }()

  var subarches: [[Version]] = []
  var snapshots: [String: [(path: String, age: Int)]] = [:]
  var policy = RetentionPolicy()
  /// Paths named outside the version itself.
  var named: Set<String> = []
  var mounted: [String] = []
  var building: Set<Int> = []
  private var files: [(path: String, text: String)] = []
  private var links: [(path: String, target: String)] = []

  static func name(_ age: Int) -> String {
    today.addingTimeInterval(Double(-86400 * age)).formatted(.iso8601.year().month().day())
  }

  init(seed: Int) {
    var dice = Seeded(state: UInt64(seed))
    policy.keep = .random(in: 0...4, using: &dice)
    policy.staleDays = .random(in: 0...9, using: &dice)
    if dice.one(in: 3) { policy.withinDays = .random(in: 1...60, using: &dice) }
    if dice.one(in: 3) { policy.daily = .random(in: 1...4, using: &dice) }
    if dice.one(in: 3) { policy.weekly = .random(in: 1...4, using: &dice) }
    if dice.one(in: 3) { policy.monthly = .random(in: 1...4, using: &dice) }
    if dice.one(in: 3) { policy.yearly = .random(in: 1...3, using: &dice) }
    let places = ["std/x86/gen", "std/x86/core2", "std/arm/gen", "dev/x86/gen"]
      .prefix(.random(in: 1...4, using: &dice))
    for (index, place) in places.enumerated() { throwSubarch(index, place, &dice) }
    let all = subarches.flatMap { $0 }
    for (index, place) in places.enumerated() {
      // Links from anywhere to anywhere, and a seed elsewhere.
      for number in 0..<Int.random(in: 0...2, using: &dice) {
        guard let target = all.randomElement(using: &dice) else { continue }
        let (folder, up) =
          [(place, "../../../"), ("std", "../"), ("", ""), ("std/x86", "../../")].randomElement(using: &dice)
          ?? ("", "")
        let tail = ["", "/stage3.tar.xz", "/deep/er"].randomElement(using: &dice) ?? ""
        links.append(("\(folder)/link-\(index)-\(number)", up + target.path + tail))
        named.insert(target.path)
      }
    }
    for name in ["portage", "meta"] where dice.one(in: 2) {
      for age in Set((0..<6).map { _ in Int.random(in: -2...200, using: &dice) }) {
        for ending in ["xz", "zst"] where ending == "xz" || dice.one(in: 4) {
          let path = "std/snapshots/\(name)-\(Self.name(age)).tar.\(ending)"
          files.append((path, path))
          files.append((path + ".hash.txt", "sha256 0\n"))
          snapshots[name, default: []].append((path, age))
        }
      }
      guard let some = snapshots[name]?.randomElement(using: &dice) else { continue }
      links.append(
        ("std/snapshots/\(name)-latest.tar.xz", String(some.path.dropFirst("std/snapshots/".count))))
      named.insert(some.path)
    }
  }

  private mutating func throwSubarch(_ index: Int, _ place: String, _ dice: inout Seeded) {
    let ages = Set(
      (0..<Int.random(in: 0...9, using: &dice)).map { _ in Int.random(in: -3...500, using: &dice) })
    let recent = Set(
      (0..<Int.random(in: 0...4, using: &dice)).map { _ in Int.random(in: 0...20, using: &dice) })
    var versions = ages.union(recent).sorted(by: >).map { age in
      Version(
        path: "\(place)/\(Self.name(age))", age: age,
        status: dice.one(in: 4) ? nil : dice.one(in: 4) ? "fail" : "ok", hasStage3: !dice.one(in: 4))
    }
    if dice.one(in: 3) {
      versions.append(Version(path: "\(place)/old-stuff", age: nil, status: "ok", hasStage3: true))
    }
    subarches.append(versions)
    files.append(("\(place)/.control/strategy/build", "local\n"))
    for version in versions {
      let subarch = place.split(separator: "/")
      let name = version.path.split(separator: "/")[3]
      files.append(("\(version.path)/.targets", "stage3\n"))
      if let status = version.status { files.append(("\(version.path)/status", status)) }
      if version.hasStage3 {
        files.append(("\(version.path)/stage3-\(subarch[2])-\(subarch[0])-\(name).tar.xz", version.path))
      }
      if dice.one(in: 12) { mounted.append(version.path + (dice.one(in: 2) ? "/work" : "")) }
    }
    for target in ["stage3", "stage4/lxd"] where dice.one(in: 2) {
      guard let version = versions.randomElement(using: &dice) else { continue }
      files.append(("\(place)/.control/version/\(target)", "\(version.path.split(separator: "/")[3])\n"))
      named.insert(version.path)
    }
    guard dice.one(in: 3) else { return }
    files.append(("\(place)/.control/.multi_progress", "77\n"))
    building.insert(index)
  }

  func write() throws -> TestMirror {
    let mirror = try TestMirror()
    for file in files { try mirror.file(file.path, file.text) }
    for link in links { try mirror.link(link.path, to: link.target) }
    return mirror
  }

  /// Ages that the policy keeps: for each rule, the newest of each of the last periods that have one.
  private func keptByPolicy(_ ages: [Int]) -> Set<Int> {
    let past = Set(ages.filter { $0 >= Self.horizon }).sorted()
    guard let newest = past.first else { return [] }
    var kept = Set(past.prefix(max(1, policy.keep)))
    if policy.withinDays > 0 { kept.formUnion(past.filter { $0 - newest <= policy.withinDays }) }
    let rules: [(Int, Set<Calendar.Component>)] = [
      (policy.daily, [.year, .month, .day]), (policy.weekly, [.yearForWeekOfYear, .weekOfYear]),
      (policy.monthly, [.year, .month]), (policy.yearly, [.year]),
    ]
    for (count, components) in rules {
      let periods = Dictionary(grouping: past) { age in
        Self.calendar.dateComponents(
          components, from: Self.today.addingTimeInterval(Double(-86400 * age)))
      }
      kept.formUnion(periods.values.compactMap { $0.min() }.sorted().prefix(count))
    }
    return kept
  }

  /// What is removed, according to invariant 5 and the policy.
  func mustGo() -> Set<String> {
    var gone: Set<String> = []
    for (index, versions) in subarches.enumerated() {
      let complete = versions.filter(\.isComplete)
      let kept = keptByPolicy(complete.compactMap(\.age))
      let newest = versions.compactMap(\.age).filter { $0 >= Self.horizon }.min()
      for version in versions {
        guard let age = version.age, age >= Self.horizon else { continue }
        if named.contains(version.path) { continue }
        if mounted.contains(where: { $0 == version.path || $0.hasPrefix(version.path + "/") }) { continue }
        if version.status == nil && building.contains(index) { continue }
        if version.isComplete ? kept.contains(age) : age == newest || age < policy.staleDays { continue }
        gone.insert(version.path)
      }
    }
    let busy = Set(
      building.flatMap { index in
        subarches[index].filter { $0.status == nil && $0.path.hasPrefix("std/") }.compactMap(\.age)
      })
    for tarballs in snapshots.values {
      let kept = keptByPolicy(tarballs.map(\.age))
      for tarball in tarballs where tarball.age >= Self.horizon && !kept.contains(tarball.age) {
        if !named.contains(tarball.path) && !busy.contains(tarball.age) { gone.insert(tarball.path) }
      }
    }
    return gone
  }
}

@Suite("Retention plans of random mirrors")
struct RetentionModelTests {
  private func planner(_ random: RandomMirror, _ mirror: TestMirror, keep: Int? = nil) -> RetentionPlanner {
    var policy = random.policy
    if let keep { policy.keep = keep }
    return RetentionPlanner(
      policy: policy, today: day("2026-11-22"),
      mounts: MountTable(points: random.mounted.map { Array(mirror.path($0).utf8) }))
  }

  @Test("a plan removes what the model removes, and nothing else", arguments: 0..<(Soak.isFull ? 1000 : 60))
  func plan(seed: Int) throws {
    let random = RandomMirror(seed: seed)
    let disk = try random.write()
    let mirror = try disk.scan { $0 == 77 }
    #expect(mirror.problems.isEmpty)
    let plan = planner(random, disk).plan(mirror)
    let gone = Set(plan.removals.map { "\($0.path)" })
    let model = random.mustGo()
    #expect(gone.subtracting(model) == [], "removed, but protected")
    #expect(model.subtracting(gone) == [], "kept for no reason")

    let again = planner(random, disk).plan(try disk.scan { $0 == 77 })
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(try encoder.encode(plan) == encoder.encode(again), "the same mirror, another plan")

    for keep in [random.policy.keep + 1, random.policy.keep + 5] {
      let more = Set(planner(random, disk, keep: keep).plan(mirror).removals.map { "\($0.path)" })
      #expect(more.isSubset(of: gone), "keep \(keep) removes more than keep \(random.policy.keep)")
    }
    for versions in random.subarches {
      let complete = versions.filter { $0.isComplete && ($0.age ?? .min) >= RandomMirror.horizon }
      let newest = complete.min { ($0.age ?? 0) < ($1.age ?? 0) }
      if let newest { #expect(!gone.contains(newest.path), "the newest complete version goes") }
    }
  }

  @Test("apply and script leave the same tree: the mirror without what the model removes", arguments: 0..<12)
  func sameTree(seed: Int) throws {
    let random = RandomMirror(seed: seed)
    var trees: [String] = []
    for form in CleanForm.allCases {
      let disk = try random.write()
      try form.clean(disk.root, policy: random.policy) { $0 == 77 }
      trees.append(try disk.tree())
    }
    #expect(trees.first == trees.last)
    let unmounted = try random.write()
    let plan = RetentionPlanner(
      policy: random.policy, today: day("2026-11-22"), mounts: MountTable(points: [])
    )
    .plan(try unmounted.scan { $0 == 77 })
    for item in plan.removals {
      for path in item.paths { try FileManager.default.removeItem(atPath: unmounted.path("\(path)")) }
    }
    #expect(try trees.first == unmounted.tree())
  }
}
