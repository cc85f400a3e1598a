import LinuxSystem
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

/// Places of the machine itself: they are judged here, and no build is ever given one of them.
@Suite("The judgement of places that a build would empty") struct WorkPlacesTests {
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

  @Test("forbids the root, by whatever name", arguments: ["/", "//", "/usr/..", "/proc/self/root"])
  func root(path: String) {
    #expect(problem(FilePath(path))?.contains("root of the file system") == true)
  }

  @Test("forbids the home of every user, and what is above one; not what is below")
  func homes() throws {
    let home = try #require(getpwuid(0).map { FilePath(platformString: $0.pointee.pw_dir) })
    #expect(problem(home)?.contains("is the home directory of root") == true)
    #expect(problem(home.appending("builds/work")) == nil)
    #expect(problem("/var")?.contains("contains") == true)
  }

  @Test("allows what is in path/tmp, also where a cache is around that")
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

  @Test("does not take a name that begins alike for a directory above")
  func names() { #expect(problem(FilePath("\(workspace.mirror)-work")) == nil) }
}
