import LinuxSystem
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

/// Directories of the machine itself: they are only checked here, and no build ever gets one of them.
@Suite("The check of directories that a build would empty") struct WorkPlacesTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func problem(
    _ path: FilePath, _ use: WorkPlaces.Use = .work, _ settings: [String: String] = [:]
  ) -> String? {
    let places = WorkPlaces(mirror: workspace.mirror) { key in
      settings[key].map { FilePath($0.replacing("@", with: workspace.path.string)) }
    }
    do throws(MirrorError) { try places.check(path, "path/work", for: use) } catch {
      #expect(error.code == .refused)
      return error.problem
    }
    return nil
  }

  @Test("forbids the root by any name", arguments: ["/", "//", "/usr/..", "/proc/self/root"])
  func root(path: String) {
    #expect(problem(FilePath(path))?.contains("root of the file system") == true)
  }

  @Test("forbids the home of every user and its parents, but not what is below")
  func homes() throws {
    let home = try #require(getpwuid(0).map { FilePath(platformString: $0.pointee.pw_dir) })
    #expect(problem(home)?.contains("is the home directory of root") == true)
    #expect(problem(home.appending("builds/work")) == nil)
    #expect(problem("/var")?.contains("contains") == true)
  }

  @Test("allows directories in path/tmp, even if it is inside a cache")
  func temporary() throws {
    let metro = ["path/tmp": "@/tmp", "path/cache": "@/tmp/cache", "path/distfiles": "@/tmp/distfiles"]
    #expect(problem(workspace.path.appending("tmp/work/std/stage3"), .work, metro) == nil)
    #expect(
      problem(workspace.path.appending("tmp/cache/work"), .work, metro)?.contains("is inside path/cache")
        == true)
    #expect(problem(workspace.path.appending("tmp/cache/git/std"), .cache, metro) == nil)
    let around = ["path/tmp": "@/all/tmp", "path/cache": "@/all"]
    #expect(problem(workspace.path.appending("all/tmp/work"), .work, around) == nil)
    #expect(problem(workspace.path.appending("all"), .work, around)?.contains("contains path/tmp") == true)
  }

  @Test("does not mistake a path with the same prefix for a parent")
  func names() { #expect(problem(FilePath("\(workspace.mirror)-work")) == nil) }
}
