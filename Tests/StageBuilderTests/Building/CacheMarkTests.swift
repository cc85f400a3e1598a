import Foundation
import TestSupport
import Testing

@Suite("The caches of a build", .enabled(if: BuildSite.isPossible, BuildSite.reason)) struct CacheMarkTests {
  @Test("are marked if they are new, locked while it runs, and then cleaned by clean --caches")
  func mark() throws {
    let site = try BuildSite(
      """

      [section steps]
      chroot/run: [
      #!/bin/sh
      echo data > /var/tmp/cache/package/new.gpkg.tar
      ]
      [section path]
      distfiles: $[:tmp]/distfiles
      cache: $[:tmp]
      [section caches]
      packages/size: 1
      distfiles/size: 1
      """)
    try site.workspace.shell("mkdir -p tmp/distfiles; echo mine > tmp/distfiles/mine; chmod -R go-w tmp")
    let build = try site.build()
    #expect(build.status == 0, "\(build.errorText)")
    let lock = try site.workspace.shell("cat tmp/packages.lock; stat -c '%a %s' tmp/*.lock").text
    // A directory that contained files of others has no mark.
    #expect(lock == "mirrorctl cache of packages\n600 0\n600 28\n")
    let cleaned = try site.run(["clean", "--caches", "--apply"])
    #expect(cleaned.status == 3, "\(cleaned.errorText)")
    #expect(cleaned.text.contains("deleted 1 of 1 file, "), "\(cleaned.text)")
    #expect(try site.workspace.shell("ls tmp/packages tmp/distfiles").text.contains("mine"))
    #expect(try !site.workspace.shell("ls tmp/packages").text.contains("new"))
  }
}
