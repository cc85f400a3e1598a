import MirrorModel
import LinuxSystem
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

/// The two ways to carry out a retention plan.
enum CleanForm: String, CaseIterable, CustomTestStringConvertible {
  case apply, script

  var testDescription: String { rawValue }

  /// Scans, plans, calls `between`, and applies the plan; returns the reported problems.
  @discardableResult
  func clean(
    _ root: FilePath, policy: RetentionPolicy = .keeping(1), cancellation: Cancellation = Cancellation(),
    isAlive: @escaping @Sendable (Int32) -> Bool = { _ in false }, between: () throws -> Void = {}
  ) throws -> String {
    let scanner = MirrorScanner(
      root: root, layout: .metro, kinds: .builtIn, jobs: 1, now: TestMirror.noon,
      probe: ProcessProbe { pid, _ in isAlive(pid) })
    var mirror = try scanner.scan()
    // Like every run that holds the lock.
    if self == .apply { mirror.sweepLeftovers() }
    let planner = RetentionPlanner(policy: policy, today: day("2026-11-22"), mounts: try .current())
    let plan = planner.plan(mirror)
    let script = CleanScript.render(plan, of: mirror, today: day("2026-11-22"))
    try between()
    switch self {
    case .apply:
      let report = try Cleaner(
        scanner: scanner, planner: planner, clouds: CloudRemoval([:], cancellation),
        cancellation: cancellation
      ).apply(plan, to: mirror)
      return report.problems.map(\.description).joined(separator: "\n")
    case .script:
      let place = try TestMirror()
      try place.file("clean.sh", Data(script)).directory("cwd")
      let parsed = try Tool.run("sh", "-n", place.path("clean.sh"))
      #expect(parsed.status == 0, "\(parsed.output)")
      let result = try Tool.run(
        "sh", "-c", #"cd "$1" && exec sh "$2""#, "sh", place.path("cwd"), place.path("clean.sh"))
      #expect(result.status == 0, "\(result.output)")
      #expect(try place.names(in: "cwd").isEmpty)
      return result.output
    }
  }
}

extension RetentionPolicy {
  /// The newest `count` versions, without other rules.
  static func keeping(_ count: Int) -> RetentionPolicy {
    var policy = RetentionPolicy()
    policy.keep = count
    return policy
  }
}

extension TestMirror {
  /// Three complete versions of `std/x86/gen`, of which `keep 1` alone would keep the last.
  static func three() throws -> TestMirror {
    try TestMirror()
      .version("std/x86/gen/2026-11-01").version("std/x86/gen/2026-11-05").version("std/x86/gen/2026-11-20")
  }

  /// Whether a version of `std/x86/gen` is complete.
  func isWhole(_ version: String) -> Bool {
    let path = "std/x86/gen/\(version)"
    return content("\(path)/stage3-gen-std-\(version).tar.xz") != nil && content("\(path)/status") != nil
  }

  /// Whether a path exists, even as a dead link.
  func exists(_ relative: String) -> Bool {
    var found = stat()
    return lstat(path(relative), &found) == 0
  }

  /// Every path with its kind, size and link target.
  func tree() throws -> String {
    try Tool.run(
      "sh", "-c", #"cd "$1" && find . -printf '%p %y %s %l\n' | grep -v ' d ' | sort"#, "sh", "\(root)"
    )
    .output
  }
}
