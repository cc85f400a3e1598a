public import LinuxSystem
public import MirrorModel

/// How a subarch is built next, and which images are made of it.
public struct BuildDecision: Sendable, Hashable {
  /// `full`, `freshen`, `quick`.
  public let mode: String
  /// `openvz`, `lxd`.
  public let extras: [String]

  /// Reads `full+openvz+lxd`; nil if it is anything else.
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

  /// Whether a word may name a target: it becomes a part of paths and of shell words.
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
  /// How to build a subarch next: what the `decide` program answers, or what the tables say.
  ///
  /// - Throws: when the program fails, may not be run, or does not answer with a build.
  public func decision(for subarch: Subarch) throws(MirrorError) -> BuildDecision {
    guard let decide else {
      return BuildDecision(mode: mode(of: subarch), extras: extras(of: subarch))
    }
    guard runsHostCode else {
      throw MirrorError(
        .invalid, "rotation/decide", "is not run: code of the configuration may not be run",
        remedy: "allow that, or choose the modes")
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
        .invalid, "rotation/decide", "`\(decide)` answered `\(text)` for \(subarch.path), which is no build",
        remedy: "let it print one line such as full or full+openvz")
    }
    return decision
  }
}
