import Foundation
import TestSupport
import Testing

@Suite("Extras that fail", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct ExtraTests {
  private static let stage3 = "2026-11-22/stage3-generic_64-gentoo-2026-11-22.tar.xz"

  @Test("leave the stage3 good: they count alone, and the other extras are built")
  func alone() throws {
    let site = try TrivialSite()
    let outcome = try site.build("full+image+thumbnail", "trivial/fails:", "image")
    #expect(outcome.status == 3, "\(outcome.errorText)")
    #expect(
      outcome.errorText.hasPrefix(
        "mirrorctl: gentoo x86-64bit generic_64 full+image+thumbnail 2026-11-22: image: steps/chroot/run: "))
    #expect(outcome.errorText.contains("ERROR: app-misc/image-1.0::gentoo failed"))
    #expect(outcome.errorText.contains("image: consecutive failures: 1"))
    #expect(try site.link("stage3-latest.tar.xz") == Self.stage3)
    #expect(try site.link("thumbnail-latest.tar.xz").hasPrefix("2026-11-22/thumbnail-"))
    #expect(site.text("2026-11-22/status") == "ok")
    #expect(site.text("2026-11-22/failed") == "image\n")
    #expect(site.text("2026-11-22/log/errors.json")?.contains("app-misc/image-1.0") == true)
    #expect(site.text(".control/version/stage3") == "2026-11-22\n")
    #expect(site.text(".control/version/stage4/thumbnail") == "2026-11-22\n")
    #expect(site.text(".control/.failcount") == nil)
    #expect(site.text(".control/failcount/image") == "1\n")
    // Whoever asks is told which one is missing.
    let status = try site.run(["status"]).text
    #expect(status.hasSuffix("gentoo/x86-64bit/generic_64 (stage3,thumbnail) failed: image\n"), "\(status)")
    let json = try site.run(["status", "--json"]).text.filter { !$0.isWhitespace }
    #expect(json.contains(#""failed":[{"failcount":1,"givenUp":false,"name":"image"}]"#), "\(json)")
    let history = try site.run(["status", "--history"]).text
    #expect(history.contains("2026-11-22 ok ") && history.contains(" image failed:  * ERROR: "), "\(history)")
    // Only what is missing is built; a success forgets the failure.
    let again = try site.build("full+image+thumbnail")
    #expect(again.status == 0, "\(again.errorText)")
    #expect(again.text.split(separator: "\n").filter { !$0.hasSuffix("already exists") }.count == 1)
    #expect(site.text("2026-11-22/failed") == "")
    #expect(site.text(".control/failcount/image") == nil)
    #expect(try site.run(["status"]).text.hasSuffix(" (image,stage3,thumbnail)\n"))
  }

  @Test("are all reported if several fail, and a stage3 that fails still fails the build")
  func several() throws {
    let site = try TrivialSite()
    let outcome = try site.build("full+image+thumbnail", "--json", "trivial/fails:", "image thumbnail")
    #expect(outcome.status == 3)
    #expect(outcome.text.contains(#""outcome" : "done""#))
    #expect(outcome.text.components(separatedBy: #""failcount" : 1"#).count == 3, "\(outcome.text)")
    #expect(site.text("2026-11-22/failed") == "image\nthumbnail\n")
    for name in ["image", "thumbnail"] {
      #expect(site.text("2026-11-22/log/errors.json")?.contains("app-misc/\(name)-1.0") == true)
    }
    // One that is built by its name counts alone too, although nothing else was done.
    #expect(try site.build("full", "target:", "image", "trivial/fails:", "image").status == 1)
    #expect(site.text("2026-11-22/status") == "ok")
    #expect(site.text(".control/.failcount") == nil)
    #expect(site.text(".control/failcount/image") == "2\n")
    let stage = try TrivialSite()
    #expect(try stage.build("full+image", "trivial/fails:", "stage3").status == 1)
    #expect(stage.text(".control/.failcount") == "1\n")
    #expect(stage.text("2026-11-22/status") == "fail")
    #expect(stage.text(".control/failcount/image") == nil)
    #expect(try !stage.names("2026-11-22/log").contains("image.txt"))
  }

  @Test("are not made from an image that failed in the same build")
  func derived() throws {
    let site = try TrivialSite("[section stage4 when target is thumbnail]\nsource: image\n")
    // An older image, from which the last build made its thumbnail.
    try site.workspace.shell(
      """
      cd mirror/gentoo/x86-64bit/generic_64
      mkdir -p .control/version/stage4
      for name in image thumbnail; do echo 2026-11-01 > .control/version/stage4/$name; done
      cp 2026-11-01/stage3-generic_64-gentoo-2026-11-01.tar 2026-11-01/image-generic_64-gentoo-2026-11-01.tar
      """)
    let outcome = try site.build("full+image+thumbnail", "trivial/fails:", "image")
    #expect(outcome.status == 3, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("thumbnail: is not built: it is made from image"))
    #expect(site.text("2026-11-22/failed") == "image\n")
    #expect(site.text(".control/failcount/thumbnail") == nil)
    #expect(site.text(".control/version/stage4/thumbnail") == "2026-11-01\n")
  }

  @Test("leave the rotation after too many failures, until zap; the subarch stays")
  func rotation() throws {
    let site = try TrivialSite(
      """
      [section rotation]
      stale-days: 0
      max-failcount: 2
      extras/generic_64: image thumbnail
      [section trivial]
      fails: image
      """)
    func next() throws -> Outcome { try site.run(["nextbuild"]) }
    #expect(try next().text.hasSuffix("failcount=0\ntarget=full\nextras='image+thumbnail'\n"))
    #expect(try site.run(["build"]).status == 3)
    #expect(try next().text.hasSuffix("failcount=0\ntarget=full\nextras='image+thumbnail'\n"))
    let last = try site.run(["build"])
    #expect(last.status == 3)
    #expect(last.errorText.contains("image: is out of the rotation now: run `mirrorctl zap`"))
    #expect(site.text(".control/failcount/image") == "2\n")
    let without = try next()
    #expect(without.text.hasSuffix("failcount=0\ntarget=full\nextras='thumbnail'\n"), "\(without.text)")
    #expect(
      without.errorText.contains(
        "generic_64: image is out of the rotation after 2 failures: run `mirrorctl zap gentoo/"))
    let build = try site.run(["build"])
    #expect(build.status == 0, "\(build.errorText)")
    #expect(try site.run(["status"]).text.hasSuffix(" failed: image\n"), "it is still missing")
    #expect(try site.run(["zap"]).text.hasSuffix("/.control/failcount/image...\n"))
    #expect(try next().text.hasSuffix("extras='image+thumbnail'\n"))
  }
}
