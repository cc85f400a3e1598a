import MirrorTools

/// A license in the terms of SPDX: an expression, and the licenses in it that SPDX does not know.
struct LicenseExpression: Hashable {
  /// `MIT OR LicenseRef-Gentoo-public-domain`.
  let text: String
  /// Names in the package manager, by `LicenseRef-`.
  let references: [String: String]

  /// Gentoo's names of which the license in SPDX is certain.
  private static let known: [String: String] = [
    "0BSD": "0BSD", "AFL-2.1": "AFL-2.1", "AFL-3.0": "AFL-3.0", "AGPL-3": "AGPL-3.0-only",
    "AGPL-3+": "AGPL-3.0-or-later", "Apache-1.1": "Apache-1.1", "Apache-2.0": "Apache-2.0",
    "Artistic-2": "Artistic-2.0", "BSD": "BSD-3-Clause", "BSD-1": "BSD-1-Clause", "BSD-2": "BSD-2-Clause",
    "BSD-4": "BSD-4-Clause", "Boost-1.0": "BSL-1.0", "CC0-1.0": "CC0-1.0", "CC-BY-3.0": "CC-BY-3.0",
    "CC-BY-4.0": "CC-BY-4.0", "CC-BY-SA-3.0": "CC-BY-SA-3.0", "CC-BY-SA-4.0": "CC-BY-SA-4.0",
    "CPL-1.0": "CPL-1.0", "EPL-1.0": "EPL-1.0", "EPL-2.0": "EPL-2.0", "FTL": "FTL", "GPL-1": "GPL-1.0-only",
    "GPL-1+": "GPL-1.0-or-later", "GPL-2": "GPL-2.0-only", "GPL-2+": "GPL-2.0-or-later",
    "GPL-3": "GPL-3.0-only", "GPL-3+": "GPL-3.0-or-later", "IJG": "IJG", "ISC": "ISC",
    "LGPL-2": "LGPL-2.0-only", "LGPL-2+": "LGPL-2.0-or-later", "LGPL-2.1": "LGPL-2.1-only",
    "LGPL-2.1+": "LGPL-2.1-or-later", "LGPL-3": "LGPL-3.0-only", "LGPL-3+": "LGPL-3.0-or-later",
    "LPPL-1.3c": "LPPL-1.3c", "MIT": "MIT", "MIT-0": "MIT-0", "MPL-1.0": "MPL-1.0", "MPL-1.1": "MPL-1.1",
    "MPL-2.0": "MPL-2.0", "OFL-1.1": "OFL-1.1", "UoI-NCSA": "NCSA", "Unlicense": "Unlicense",
    "WTFPL-2": "WTFPL", "ZLIB": "Zlib", "curl": "curl", "libpng2": "libpng-2.0", "openssl": "OpenSSL",
    "vim": "Vim",
  ]

  /// Alternatives or parts in brackets that are open.
  private struct Level {
    var isChoice: Bool
    var parts: [String] = []

    var text: String { parts.joined(separator: isChoice ? " OR " : " AND ") }
  }

  /// A `LICENSE` without conditions; nil if it is blank or malformed.
  ///
  /// Not recursive: the levels are limited when conditions are resolved.
  init?(gentoo text: String) {
    var levels = [Level(isChoice: false)]
    var references: [String: String] = [:]
    var isChoice = false
    for word in text.split(separator: " ").map(String.init) {
      switch word {
      case "||": isChoice = true
      case "(":
        levels.append(Level(isChoice: isChoice))
        isChoice = false
      case ")":
        guard levels.count > 1, let done = levels.popLast() else { return nil }
        guard !done.parts.isEmpty else { continue }
        levels[levels.count - 1].parts.append(done.parts.count == 1 ? done.text : "(\(done.text))")
      default:
        let name = Self.known[word] ?? Self.reference(word)
        if Self.known[word] == nil { references[name] = word }
        if !levels[levels.count - 1].parts.contains(name) { levels[levels.count - 1].parts.append(name) }
      }
    }
    guard levels.count == 1, !levels[0].parts.isEmpty else { return nil }
    self.text = levels[0].text
    self.references = references
  }

  /// The name of a license that SPDX does not know.
  private static func reference(_ name: String) -> String {
    let letters = name.unicodeScalars.map { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
        || scalar == "." || scalar == "-" ? String(scalar) : scalar == "+" ? "-or-later" : "-"
    }
    return "LicenseRef-Gentoo-\(letters.joined())"
  }
}
