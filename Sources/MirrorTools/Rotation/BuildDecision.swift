public import LinuxSystem
public import MirrorModel

/// How to build a subarch next, and which images to make from it.
public struct BuildDecision: Sendable, Hashable {
  /// `full`, `freshen`, `quick`.
  public let mode: String
  /// `openvz`, `lxd`.
  public let extras: [String]

  /// Parses `full+openvz+lxd`; nil for other text.
  package init?(_ text: String) {
    let words = text.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
    guard let mode = words.first, words.allSatisfy(Self.isWord) else { return nil }
    self.mode = mode
    extras = Array(words.dropFirst())
  }

  init(mode: String, extras: [String]) {
    self.mode = mode
    self.extras = extras
  }

  /// Whether a word is a valid target name, usable in paths and shell words.
  static func isWord(_ word: String) -> Bool {
    !word.isEmpty && !word.hasPrefix(".") && !word.hasPrefix("-")
      && word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}

extension RotationSettings {
  /// How to build a subarch next: the answer of the `decide` program, or the entry in the tables.
  ///
  /// - Throws: if the program fails, may not be run, or its answer is not a build.
  public func decision(for subarch: Subarch) throws(MirrorError) -> BuildDecision {
    guard let decide else { return turn(of: subarch) }
    guard runsHostCode else {
      throw MirrorError(
        .invalid, "rotation/decide", "was not run: running code from the configuration is not allowed",
        remedy: "allow it, or give the modes")
    }
    let newest = subarch.newestComplete
    let output = try HostProgram.ask(
      ["sh", "-c", decide],
      environment: [
        "build": subarch.build.description, "arch": subarch.arch.description,
        "subarch": subarch.name.description, "full": newest?.isFull == true ? "yes" : "no",
        "full_date": newest?.date.description ?? "",
      ])
    let text = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline).joined(
      separator: " ")
    let answer = text.trimmingPrefix { $0 == " " }
    guard let decision = BuildDecision(String(answer)) else {
      throw MirrorError(
        .invalid, "rotation/decide", "`\(decide)` answered `\(text)` for \(subarch.path), not a build",
        remedy: "make it print one line such as full or full+openvz")
    }
    return decision
  }
}
