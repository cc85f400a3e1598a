import LinuxSystem

/// Reads the console of a machine, and finds out whether it started.
///
/// Its size is limited, whatever the machine prints.
struct ConsoleWatch {
  enum Verdict: Hashable {
    /// With the line that shows it.
    case passed(String)
    /// With what happened.
    case failed(String)
  }

  /// Number of lines that are kept.
  static let most = 40

  private var lines = LogLines()
  private var last: [String] = []
  /// nil for a login prompt.
  private let expected: Regex<AnyRegexOutput>?

  /// - Parameter expected: a regular expression; nil for a login prompt.
  init(expecting expected: String?) { self.expected = expected.flatMap { try? Regex($0) } }

  /// The last lines.
  var end: [String] {
    let unfinished = lines.unfinished
    return last + (unfinished.isEmpty ? [] : [unfinished])
  }

  /// Takes what the machine printed.
  ///
  /// - Returns: nil if that does not decide.
  mutating func hear(_ bytes: [UInt8]) -> Verdict? {
    for line in bytes.withUnsafeBytes({ lines.add($0) }) {
      last = last.suffix(Self.most - 1) + [line]
      if let verdict = verdict(line, isWhole: true) { return verdict }
    }
    // A prompt has no line end.
    return verdict(lines.unfinished, isWhole: false)
  }

  private func verdict(_ line: String, isWhole: Bool) -> Verdict? {
    if isExpected(line, isWhole: isWhole) { return .passed(line) }
    return Self.failures.first { line.contains($0.text) && (isWhole || !$0.text.hasSuffix(":")) }
      .map { .failed($0.meaning) }
  }

  /// What may follow in a line: a match at its end counts only if it remains one.
  private static let following = (0x20...0x7e).map { String(UnicodeScalar(UInt8($0))) }

  private func isExpected(_ line: String, isWhole: Bool) -> Bool {
    if let expected {
      return line.contains(expected)
        && (isWhole || Self.following.allSatisfy { (line + $0).contains(expected) })
    }
    // All of a prompt has been printed when its space has.
    guard isWhole || line.hasSuffix(" ") else { return false }
    let words = line.split(separator: " ", maxSplits: 2)
    // "Last login: ..." comes after one.
    return words.first == "login:" || words.count > 1 && words[1] == "login:" && words[0] != "Last"
  }

  /// What firmware, boot loaders, kernels, initramfs and systemd print when they give up.
  ///
  /// After a colon the line tells why, and is waited for.
  private static let failures: [(text: String, meaning: String)] = [
    ("Kernel panic - not syncing:", "the kernel panicked"),
    ("You are in emergency mode", "it started in emergency mode"),
    ("You are in rescue mode", "it started in rescue mode"),
    ("Entering emergency mode", "the initramfs started its emergency shell"),
    ("Cannot open access to console, the root account is locked", "it started in emergency mode"),
    ("Give root password for maintenance", "it started in emergency mode"),
    ("Dropping to debug shell", "the initramfs started its emergency shell"),
    ("(initramfs)", "the initramfs started its emergency shell"),
    ("Freezing execution", "systemd stopped"),
    ("grub rescue>", "GRUB did not find its files"),
    ("Minimal BASH-like line editing is supported", "GRUB did not find its configuration"),
    ("No bootable device", "the BIOS found nothing to boot"),
    ("No bootable option or device was found", "the UEFI firmware found nothing to boot"),
    ("UEFI Interactive Shell", "the UEFI firmware found nothing to boot"),
  ]
}
