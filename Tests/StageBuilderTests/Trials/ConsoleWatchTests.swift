import Testing

@testable import StageBuilder

@Suite("The console of a machine") struct ConsoleWatchTests {
  /// What the watch says after each part of the output.
  private func verdicts(_ expected: String, _ parts: String...) -> [ConsoleWatch.Verdict?] {
    var watch = ConsoleWatch(expecting: expected)
    return parts.map { watch.hear(Array($0.utf8)) }
  }

  @Test("an expression with an end of line matches complete lines only")
  func ends() {
    for expected in [
      "target [0-9]$", #"target [0-9]\Z"#, "target [0-9](?!.)", "target [^ .]+$", #"target \d\b"#,
    ] {
      #expect(
        verdicts(expected, "reached target 4", "2.5 of 9\r\nreached ", "target 7", "\r\n")
          == [nil, nil, nil, .passed("reached target 7")], "\(expected)")
    }
  }

  @Test("a prompt, which has no end of line, matches when all of it was printed")
  func prompts() {
    #expect(verdicts("login:", "tiny log", "in: ") == [nil, .passed("tiny login: ")])
    #expect(verdicts(#"root@\w+:~\$ "#, "root@tiny:~", "$ ") == [nil, .passed("root@tiny:~$ ")])
    #expect(verdicts("^ready", "ready to") == [.passed("ready to")])
  }

  @Test("a line that tells why it failed is waited for; a prompt is not")
  func reasons() {
    #expect(
      verdicts("login:", "Kernel panic - not syncing: VF", "S: no root", "\r\n")
        == [nil, nil, .failed("the kernel panicked")])
    #expect(
      verdicts("login:", "grub resc", "ue>") == [nil, .failed("GRUB did not find its files")])
  }
}
