import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A step of a spec that writes a tarball under its final name.
enum WritingStep: String, CaseIterable, CustomTestStringConvertible, Sendable {
  case capture
  case snapshot

  var testDescription: String { rawValue }

  /// The tarball, relative to the mirror.
  var tarball: String {
    switch self {
    case .capture: "std/x86-64bit/gen/2026-11-22/stage1-gen-std-2026-11-22.tar.xz"
    case .snapshot: "std/snapshots/portage-2026-11-22.tar.xz"
    }
  }

  /// A build whose step first runs the script `prelude` of the site with the tarball's path.
  func site() throws -> BuildSite {
    let (section, key, path, source) =
      switch self {
      case .capture: ("stage1", "capture", "$[path/mirror/target]", "-C $[path/chroot/stage] .")
      case .snapshot:
        (
          "snapshot", "run", "$[path/mirror/snapshot]",
          "-C $[path/install]/tree --transform s,^[.],portage, ."
        )
      }
    let site = try BuildSite(
      """
      [section steps/chroot]
      run: [
      #!/bin/sh
      echo built > /etc/built
      ]
      [section steps when target is \(section)]
      \(key): [
      #!/bin/sh
      set -e
      set -- \(path)
      . $[path/install]/prelude
      tar -cJf \(path) \(source)
      ]

      """)
    try site.write("prelude", "")
    return site
  }
}

@Suite(
  "A tarball that a step of the spec writes", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct SpecCaptureTests {
  private func expectFinished(_ step: WritingStep, _ site: BuildSite) throws {
    let outcome = try site.build("2026-11-22")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    try site.workspace.shell("xz -t mirror/\(step.tarball)")
    #expect(site.text("2026-11-22/status") == "ok")
    #expect(
      try site.workspace.run(["find", site.workspace.mirror.string, "-name", "*_unfinished"]).text == "")
  }

  @Test("is made again after its build was killed", arguments: WritingStep.allCases)
  func killed(_ step: WritingStep) throws {
    let site = try step.site()
    // `half` shows that the first part was written.
    try site.write(
      "prelude",
      "head -c 100 \(site.workspace.path)/stage3-gen-2026-11-01.tar.xz > $1; touch $1.half; sleep 300")
    let run = try site.workspace.start(site.command(["build"] + BuildSite.subarch + ["2026-11-22"]))
    let half = site.workspace.mirror.appending("\(step.tarball).half").string
    while run.isRunning, access(half, F_OK) != 0 { usleep(1000) }
    kill(run.pid, SIGKILL)
    let killed = try run.wait()
    #expect(killed.status == 137, "\(killed.errorText)")
    try site.workspace.shell("test -e mirror/\(step.tarball); rm '\(half)'")
    try site.write("prelude", "")
    try expectFinished(step, site)
  }

  @Test("is removed if the step fails, or succeeds without completing it", arguments: WritingStep.allCases)
  func incomplete(_ step: WritingStep) throws {
    let site = try step.site()
    let first = "head -c 100 \(site.workspace.path)/stage3-gen-2026-11-01.tar.xz > $1"
    for (end, problem) in [("exit 3", "failed with exit status 3"), ("exit 0", "wrote it incompletely")] {
      try site.write("prelude", "\(first); \(end)")
      let outcome = try site.build("2026-11-22")
      #expect(outcome.status == 1, "\(outcome.errorText)")
      #expect(outcome.errorText.contains(problem), "\(outcome.errorText)")
      try site.workspace.shell("! test -e mirror/\(step.tarball)")
    }
    try site.write("prelude", "")
    try expectFinished(step, site)
  }
}
