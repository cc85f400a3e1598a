import Foundation
import TestSupport
import Testing

@Suite("A link of one subarch into another")
struct StrayLinkTests {
  @Test(
    "is reported, gets no digests or metalink, and is not published; links to the subarch's own stages are")
  func stray() throws {
    let workspace = try Workspace()
    try workspace.shell(
      """
      for subarch in gen core2; do
        mkdir -p mirror/std/x86/$subarch/2016-01-01; cd mirror/std/x86/$subarch/2016-01-01
        echo $subarch | xz > stage3-$subarch-std-2016-01-01.tar.xz; echo ok > status; cd ../../../../..
      done
      cd mirror/std/x86
      ln -s 2016-01-01/stage3-gen-std-2016-01-01.tar.xz gen/stage3-latest.tar.xz
      ln -s ../gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz core2/stage3-latest.tar.xz
      ln -s ../gen/2016-01-01 core2/2016-01-02
      ln -s gen alias
      cat > ../../../.metro <<END
      [section index]
      formats: xml metalink
      urls: https://mirror.example
      [section publish/www]
      to: $PWD/../../../www
      END
      mkdir ../../../www
      """)
    for verb in ["status", "upkeep"] {
      let outcome = try workspace.mirrorctl(verb)
      #expect(outcome.status == 0)
      for link in ["stage3-latest.tar.xz", "2016-01-02"] {
        #expect(
          outcome.errorText.contains("/std/x86/core2/\(link): is a symbolic link into another subarch"),
          "\(outcome.errorText)")
      }
    }
    func links(_ directory: String) throws -> [Substring] {
      try workspace.shell("cd '\(directory)'; find std -type l | sort").text.split(separator: "\n")
    }
    let own = ["", ".hash.txt", ".meta4"].map { "std/x86/gen/stage3-latest.tar.xz\($0)" }
    let stray = ["2016-01-02", "stage3-latest.tar.xz"].map { "std/x86/core2/\($0)" }
    #expect(try links("mirror").map(String.init) == ["std/x86/alias"] + stray + own)
    #expect(try links("www").map(String.init) == ["std/x86/alias"] + own)
  }
}
