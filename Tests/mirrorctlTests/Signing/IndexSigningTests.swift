import Foundation
import TestSupport
import Testing

@Suite("The index and a key") struct IndexSigningTests {
  private typealias Mirror = SignedMirror

  @Test("the index is signed, and signed again when it changes, also by clean")
  func signed() throws {
    let mirror = try Mirror(.good, "formats: gpg asc")
    try mirror.workspace.shell(
      """
      cd mirror/std/x86-64bit/generic_64; mkdir 2016-11-10; echo ok > 2016-11-10/status
      echo x | xz > 2016-11-10/stage3-generic_64-std-2016-11-10.tar.xz
      """)
    let first = try mirror.run("upkeep")
    #expect(first.status == 0, "\(first.errorText)")
    #expect(try mirror.isSigned("index.xml") && mirror.isSigned("index.xml", ".asc"))
    let tree = try Tree(mirror.workspace.mirror)
    #expect(try mirror.run("upkeep").text == "")
    #expect(try Tree(mirror.workspace.mirror).differences(from: tree) == [])
    try mirror.workspace.shell("rm mirror/index.xml.gpg")
    #expect(
      try mirror.run("index").text.contains("index.xml written"), "a signature that is gone is made again")
    #expect(try mirror.isSigned("index.xml"))
    try mirror.workspace.shell("rm -r mirror/std/x86-64bit/generic_64/2016-11-17 mirror/\(Mirror.link)*")
    #expect(try mirror.run("index").status == 0)
    #expect(try mirror.isSigned("index.xml") && mirror.isSigned("index.xml", ".asc"))
    #expect(try mirror.run("verify").text.contains("missigned") == false)
  }

  @Test("the index is signed again if the key changes")
  func otherKey() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("upkeep").status == 0)
    let other = try mirror.makeOther()
    try mirror.write("[section signing]\nkey: \(other)\nhomedir: \(mirror.workspace.path)/h")
    #expect(try !mirror.isSigned("index.xml", home: "h"))
    #expect(try mirror.run("index").text.contains("index.xml written"))
    #expect(try mirror.isSigned("index.xml", home: "h"))
    #expect(try mirror.run("index").text == "")
  }

  @Test("a file that is not to be signed, or not an index, gets no signature")
  func what() throws {
    let mirror = try Mirror(.good, "what: tarballs")
    try #require(try mirror.run("upkeep").status == 0)
    #expect(mirror.content("index.xml.gpg") == nil)
    let latest = try Mirror()
    try #require(try latest.run("index", "--format", "latest,json").status == 0)
    #expect(try latest.isSigned("index.json"))
    #expect(try latest.workspace.shell("find mirror -name 'latest.txt.*'").text == "")
  }

  @Test(
    "if the key cannot sign, the index has no signature, one message is printed, and the exit status is 3")
  func fault() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("upkeep").status == 0)
    try mirror.workspace.shell(
      "mv g hidden; echo y | xz > mirror/\(Mirror.version)/lxd-generic_64-std-2016-11-17.tar.xz")
    let outcome = try mirror.run("upkeep")
    #expect(outcome.status == 3)
    #expect(
      outcome.errorText.split(separator: "\n").count { $0.contains("signing/key: ") } == 1,
      "\(outcome.errorText)")
    #expect(String(decoding: mirror.content("index.xml") ?? Data(), as: UTF8.self).contains("lxd-generic_64"))
    #expect(mirror.content("index.xml.gpg") == nil, "it would not match the new index")
    try mirror.workspace.shell("mv hidden g")
    #expect(try mirror.run("upkeep").status == 0)
    #expect(try mirror.isSigned("index.xml"))
  }

  @Test("without a key, the signature of a changed index is deleted")
  func noKey() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("upkeep").status == 0)
    try mirror.write("")
    #expect(try mirror.run("index").text == "")
    #expect(mirror.content("index.xml.gpg") != nil, "it still matches this index")
    try mirror.workspace.shell("echo y | xz > mirror/\(Mirror.version)/lxd-generic_64-std-2016-11-17.tar.xz")
    #expect(try mirror.run("index").status == 0)
    #expect(mirror.content("index.xml.gpg") == nil)
  }

  @Test("if killed at any moment, an index never has the signature of another", .enabled(if: Tracing.works))
  func killed() throws {
    let mirror = try Mirror()
    try #require(try mirror.run("upkeep").status == 0)
    for (call, number) in [
      ("fsync", 1), ("fsync", 2), ("fsync", 3), ("fsync", 4), ("renameat", 1), ("renameat", 2),
      ("unlinkat", 1),
    ] {
      try mirror.workspace.shell(
        "echo \(call)\(number) | xz >> mirror/\(Mirror.version)/lxd-generic_64-std-2016-11-17.tar.xz")
      let command = mirror.workspace.command(["index"])
      let run = try mirror.workspace.run(
        [
          "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
          "inject=\(call):signal=KILL:when=\(number)",
        ] + command)
      #expect(run.status != 0 || number > 1, "\(call) \(number)")
      #expect(try mirror.content("index.xml.gpg") == nil || mirror.isSigned("index.xml"), "\(call) \(number)")
      #expect(try mirror.run("index").status == 0)
      #expect(try mirror.isSigned("index.xml"))
    }
  }
}
