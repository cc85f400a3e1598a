import Foundation
import TestSupport
import Testing

@Suite("A catalog that is lost")
struct LostCatalogTests {
  private let mirror: DatedMirror
  private var workspace: Workspace { mirror.workspace }

  init() throws { mirror = try DatedMirror() }

  @Test("costs no hashing: digests are taken from the sidecars that were written after their tarballs")
  func adoption() throws {
    let day = try mirror.version(2)
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    try workspace.shell("rm -r state")
    let outcome = try workspace.mirrorctl("digestgen")
    #expect(
      outcome.status == 0 && outcome.text == "adopted \(workspace.mirror)/\(mirror.stage3(day))\n",
      "\(outcome.text)")
  }

  @Test("costs no hashing either where the mirror was copied, in whatever order")
  func copy() throws {
    let day = try mirror.version(2)
    let stage = mirror.stage3(day)
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    try workspace.shell(
      """
      rm -r state; cd mirror
      for file in \(stage).hash.txt \(stage); do cp -p $file copy; mv copy $file; sleep 0.05; done
      """)
    let outcome = try workspace.mirrorctl("digestgen")
    #expect(outcome.status == 0 && outcome.text.hasPrefix("adopted "), "\(outcome.text)")
  }

  @Test("does not lend a replaced tarball the digests of the one before, though size and mtime are equal")
  func replacement() throws {
    let stage = mirror.stage3(try mirror.version(2))
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    let sidecar = mirror.text("\(stage).hash.txt")
    // The same size: one letter of what is compressed differs.
    try workspace.shell(
      """
      cd mirror; xz -dc \(stage) | tr s z | xz > new; touch -r \(stage) new
      test $(stat -c %s new) = $(stat -c %s \(stage)); cp -p new \(stage); rm new; rm -r ../state
      """)
    let outcome = try workspace.mirrorctl("digestgen")
    #expect(outcome.status == 4 && outcome.errorText.contains(stage), "\(outcome.text)\(outcome.errorText)")
    #expect(mirror.text("\(stage).hash.txt") == sidecar)
    // The index has no digest of it either, and its keeper decides.
    #expect(try workspace.mirrorctl("digestgen", "--force", stage).status == 0)
    #expect(mirror.text("\(stage).hash.txt") != sidecar)
    #expect(try workspace.mirrorctl("verify").status == 0)
  }
}
