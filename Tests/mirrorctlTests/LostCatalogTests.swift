import Foundation
import TestSupport
import Testing

@Suite("A lost catalog")
struct LostCatalogTests {
  private let mirror: DatedMirror
  private var workspace: Workspace { mirror.workspace }

  init() throws { mirror = try DatedMirror() }

  @Test("causes no hashing: digests are read from sidecars that are newer than their tarballs")
  func adoption() throws {
    let day = try mirror.version(2)
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    try workspace.shell("rm -r state")
    let outcome = try workspace.mirrorctl("digestgen")
    #expect(
      outcome.status == 0 && outcome.text == "adopted \(workspace.mirror)/\(mirror.stage3(day))\n",
      "\(outcome.text)")
  }

  @Test("causes no hashing of a copied mirror, whatever the order of copying")
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

  @Test("does not give a replaced tarball the digests of the old one, even with equal size and mtime")
  func replacement() throws {
    let stage = mirror.stage3(try mirror.version(2))
    #expect(try workspace.mirrorctl("digestgen").status == 0)
    let sidecar = mirror.text("\(stage).hash.txt")
    // The same size: the compressed content differs by one letter.
    try workspace.shell(
      """
      cd mirror; xz -dc \(stage) | tr s z | xz > new; touch -r \(stage) new
      test $(stat -c %s new) = $(stat -c %s \(stage)); cp -p new \(stage); rm new; rm -r ../state
      """)
    let outcome = try workspace.mirrorctl("digestgen")
    #expect(outcome.status == 4 && outcome.errorText.contains(stage), "\(outcome.text)\(outcome.errorText)")
    #expect(mirror.text("\(stage).hash.txt") == sidecar)
    // The index has no digest of it either, until the administrator accepts it.
    #expect(try workspace.mirrorctl("digestgen", "--force", stage).status == 0)
    #expect(mirror.text("\(stage).hash.txt") != sidecar)
    #expect(try workspace.mirrorctl("verify").status == 0)
  }
}
