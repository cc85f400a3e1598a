import Foundation
import TestSupport
import Testing

@Suite("Builds that make a candidate", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct CandidateTests {
  private let site: TrivialSite

  /// A subarch in the rotation with the seed as its only release.
  init() throws {
    site = try TrivialSite(
      """
      [section rotation]
      stale-days: 7
      extras/generic_64: image
      [section build]
      stage: candidate
      [section index]
      formats: xml json
      """)
    try site.workspace.shell(
      """
      cd mirror/\(Self.subarch); printf ok > 2026-11-01/status
      ln -s 2026-11-01/stage3-generic_64-gentoo-2026-11-01.tar stage3-latest.tar
      """)
    #expect(try site.run(["upkeep"]).status == 0)
  }

  private static let subarch = TrivialSite.subarch.joined(separator: "/")

  /// The newest version directory.
  private var version: String {
    get throws { try site.names().last { $0.hasPrefix("2") } ?? "" }
  }

  /// Everything that leads to a release: links, records, and the indexes without snapshots.
  private func offer() throws -> String {
    try site.workspace.shell(
      """
      cd mirror; find . -path ./gentoo/snapshots -prune -o -type l -printf '%p %l\\n' | sort
      grep -r . \(Self.subarch)/.control/version | sort; cat \(Self.subarch)/.control/strategy/build
      grep -v snapshots index.xml; grep '"version"\\|"date"\\|stage3\\|image' index.json
      """
    ).text
  }

  private func succeed(_ arguments: String...) throws -> Outcome {
    let outcome = try site.run(arguments)
    #expect(outcome.status == 0, "\(arguments): \(outcome.text)\(outcome.errorText)")
    return outcome
  }

  @Test("offer nothing of it, count as built, and promote offers it as its build would have done")
  func life() throws {
    let before = try offer()
    #expect(try succeed("nextbuild").text.contains("subarch=generic_64"))
    // The mark is there before anything that a download could get.
    #expect(try site.run(["build", "trivial/fails:", "stage3"]).status != 0)
    let version = try version
    #expect(try site.names(version).contains("CANDIDATE") && site.text("\(version)/status") == "fail")
    #expect(try site.names(version).contains { $0.hasPrefix("stage1-") })
    let refused = try site.run(["promote", "\(Self.subarch)/\(version)"])
    #expect(refused.status == 1 && refused.errorText.contains("has nothing to offer"), "\(refused.errorText)")

    let built = try succeed("build")
    #expect(built.text.contains("\(version)/stage3-"), "\(built.text)")
    #expect(site.text("\(version)/status") == "ok" && site.text(".control/.failcount") == nil)
    for verb in ["upkeep", "index"] { _ = try succeed(verb) }
    #expect(try offer() == before)
    #expect(try succeed("status").text.hasSuffix("/\(Self.subarch) (stage3); candidate \(version)\n"))
    // A candidate of today is not built again at once.
    #expect(try succeed("nextbuild").text == "")
    #expect(try succeed("build").text.contains("Builds are current."))
    let again = try site.run(
      ["build"] + TrivialSite.subarch + ["full+image", version, "build/stage:", "release"])
    #expect(again.status == 0, "\(again.errorText)")
    #expect(try offer() == before, "what was built as a candidate is one until it is promoted")

    _ = try succeed("promote", "\(Self.subarch)/\(version)")
    #expect(try !site.names(version).contains("CANDIDATE"))
    let stage3 = "stage3-generic_64-gentoo-\(version).tar.xz"
    #expect(try site.link("stage3-latest.tar.xz") == "\(version)/\(stage3)")
    #expect(try site.link("image-latest.tar.xz") == "\(version)/image-generic_64-gentoo-\(version).tar.xz")
    #expect(site.text(".control/version/stage3") == "\(version)\n")
    #expect(site.text(".control/version/stage4/image") == "\(version)\n")
    #expect(site.text("../../../index.xml")?.contains(stage3) == true)
    #expect(try succeed("status").text.hasSuffix("/\(Self.subarch) (image,stage3)\n"))
    #expect(try succeed("nextbuild").text == "")
    // Nothing is left to do, and the next build of it changes nothing.
    let after = try offer()
    _ = try site.run(["build"] + TrivialSite.subarch + ["full+image", version])
    #expect(try offer() == after)
    #expect(try !site.names(version).contains("CANDIDATE"))
  }
}
