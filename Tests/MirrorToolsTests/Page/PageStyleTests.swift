import Foundation
import Testing
import TestSupport

@testable import MirrorTools

@Suite("Pages: colours and what may run") struct PageStyleTests {
  /// `--name: #rrggbb` of both schemes, as relative luminance (WCAG 2.1).
  private let schemes: [[String: Double]]

  init() throws {
    let parts = "\(PageStyle.text)".components(separatedBy: "@media (prefers-color-scheme: dark)")
    try #require(parts.count == 2)
    let blocks = try parts.map { part in try #require(part.firstMatch(of: /:root \{([^}]*)\}/)).1 }
    schemes = blocks.map { block in
      Dictionary(
        uniqueKeysWithValues: block.matches(of: /--([a-z-]+): #([0-9a-f]{6});/).map { match in
          let value = Int(match.2, radix: 16) ?? 0
          let channels = [16, 8, 0].map { shift -> Double in
            let share = Double((value >> shift) & 255) / 255
            return share <= 0.03928 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
          }
          return (String(match.1), 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2])
        })
    }
  }

  @Test("text is readable in both schemes: a contrast of at least 4.5 to 1")
  func contrast() throws {
    let grounds = ["page", "panel", "code"]
    var pairs = grounds.flatMap { ground in
      ["text", "quiet", "accent", "accent-deep"].map { ($0, ground) }
    }
    pairs += ["good", "warn", "bad", "accent"].map { ($0, "\($0)-tint") }
    pairs += [
      ("quiet", "idle-tint"), ("on-accent", "accent"), ("on-accent", "accent-deep"),
      ("accent-deep", "accent-tint"),
    ]
    for scheme in schemes {
      for (ink, ground) in pairs { #expect(try ratio(ink, ground, scheme) >= 4.5, "\(ink) on \(ground)") }
    }
  }

  @Test("pictures and borders of controls are visible: at least 3 to 1")
  func graphics() throws {
    for scheme in schemes {
      for ink in ["good", "bad", "accent", "quiet"] {
        for ground in ["panel", "page", "code"] {
          #expect(try ratio(ink, ground, scheme) >= 3, "\(ink) on \(ground)")
        }
      }
    }
  }

  @Test("both schemes define the same colours, and rules use only these")
  func names() {
    #expect(Set(schemes[0].keys) == Set(schemes[1].keys))
    let rules = "\(PageStyle.text)".replacing(/--[a-z-]+: #[0-9a-f]{6};/, with: "")
    #expect(!rules.contains(/#[0-9a-f]{3,8}\b/))
    for match in rules.matches(of: /var\(--([a-z-]+)\)/) { #expect(schemes[0][String(match.1)] != nil) }
  }

  @Test("style and script end only at their end, and load nothing")
  func inlined() {
    for text in ["\(PageStyle.text)", "\(PageScript.text)"] {
      for part in ["</", "<!--", "url(", "@import", "http:", "https:", "innerHTML", "eval(", "\r"] {
        #expect(!text.contains(part), "\(part)")
      }
    }
  }

  @Test("the policy contains the digests of the exact bytes, as computed by openssl")
  func policy() throws {
    let policy = try PageShell.policy()
    for text in ["\(PageStyle.text)", "\(PageScript.text)"] {
      let mirror = try TestMirror().file("text", text)
      let digest = try Tool.run(
        "sh", "-c", "openssl dgst -sha256 -binary < \"$1\" | openssl base64 -A", "sh", mirror.path("text"))
      #expect(policy.contains("'sha256-\(digest.output)'"))
    }
    #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
    #expect(!policy.contains("unsafe") && !policy.contains("*"))
  }

  private func ratio(_ one: String, _ other: String, _ scheme: [String: Double]) throws -> Double {
    let values = [try #require(scheme[one]), try #require(scheme[other])]
    return ((values.max() ?? 0) + 0.05) / ((values.min() ?? 0) + 0.05)
  }
}
