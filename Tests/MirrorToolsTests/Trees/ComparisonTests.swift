import Foundation
import LinuxSystem
import MirrorModel
import StageTrees
import SystemPackage
import TestSupport
import Testing

@Suite("The comparison of two tarballs") struct TarballComparisonTests {
  private let bench: TreeBench

  init() throws { bench = try TreeBench() }

  private func compare(limit: Int = 100) throws -> TarballComparison {
    try bench.capture("one", to: "one.tar")
    try bench.capture("two", to: "two.tar.gz") { $0.compression = .gz }
    return try TarballComparison.compare(
      bench.path("one.tar"), bench.path("two.tar.gz"), limit: limit, cancellation: Cancellation())
  }

  /// Two trees; `changes` are made in the second.
  private func make(_ changes: String) throws {
    try TreeJudge.shell(
      """
      mkdir -p one/d/below one/only; cd one
      for name in content mode owner size time attribute kind hole d/below/x d- d0 first; do echo abc > $name; done
      ln -s there link; ln size name; truncate -s 1M sparse; setfattr -n user.note -v one attribute
      find . -exec touch -h -d @1000.5 {} +
      cd ..; cp -a one two; rm two/first; rmdir two/only; cd two
      \(changes)
      find . ! -name time -exec touch -h -d @1000.5 {} +
      """, in: bench.place)
  }

  @Test("finds none between equal trees, whatever their compression")
  func equal() throws {
    try make("echo abc > first; mkdir only")
    let comparison = try compare()
    #expect(comparison.count == 0)
    #expect(comparison.differences == [])
  }

  @Test("names what differs of each member, and what only one of them has")
  func properties() throws {
    try make(
      """
      echo abd > content; chmod 600 mode; chown 5:6 owner; echo abcdef > size; touch -d @1001 time
      setfattr -n user.note -v two attribute; rm kind; mkfifo kind; ln -sf here link
      echo new > second; printf x | dd of=sparse bs=1 seek=900000 conv=notrunc status=none
      """)
    let comparison = try compare()
    let sums = try ["abc", "abd", "abcdef"].map {
      try TreeJudge.shell("echo \($0) | sha256sum", in: bench.place).prefix(64)
    }
    let lines = comparison.differences
    #expect(lines.contains("./content: content sha256:\(sums[0]) and sha256:\(sums[1])"), "\(lines)")
    #expect(lines.contains("./mode: mode 644 and 600"), "\(lines)")
    #expect(lines.contains { $0.hasPrefix("./owner: owner ") && $0.hasSuffix(" and 5:6") }, "\(lines)")
    #expect(lines.contains("./time: time 1000.500000000 and 1001.000000000"), "\(lines)")
    #expect(lines.contains("./attribute: attribute user.note `one` and `two`"), "\(lines)")
    #expect(
      lines.contains { $0.hasPrefix("./kind: content sha256:\(sums[0]) and none, kind file and named pipe") },
      "\(lines)")
    #expect(lines.contains("./link: target there and here"), "\(lines)")
    #expect(lines.contains { $0.hasPrefix("./sparse: content ") }, "\(lines)")
    #expect(lines.contains("./first: is only in the first"), "\(lines)")
    #expect(lines.contains("./only/: is only in the first"), "\(lines)")
    #expect(lines.contains("./second: is only in the second"), "\(lines)")
    // The first name of a file with two is the one with the content.
    #expect(
      lines.contains("./name: content sha256:\(sums[0]) and sha256:\(sums[2]), size 4 and 7"), "\(lines)")
    #expect(!lines.contains { $0.hasPrefix("./d") }, "\(lines)")
    #expect(comparison.count == lines.count && lines.count == 12, "\(lines)")
    #expect(try compare(limit: 3).differences == Array(lines.prefix(3)))
    #expect(try compare(limit: 3).count == lines.count)
  }
}
