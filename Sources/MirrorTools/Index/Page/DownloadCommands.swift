import LinuxSystem

/// Shell commands that download and check a tarball; a page shows only commands that work unchanged.
struct DownloadCommands: Sendable, Hashable {
  /// A file to fetch with curl.
  struct Fetch: Sendable, Hashable {
    let link: PageLink
    /// `-O`, or `-o NAME` if the URL does not end with the name.
    let option: String

    /// The complete command, if the link is absolute.
    var command: String { "curl -fL \(option) \(word(link.text))" }
  }

  /// Downloads; each link is absolute if the URL of the mirror is known.
  let fetches: [Fetch]
  /// Checks, to be run in the download directory.
  let checks: [String]
  /// Whether the links are absolute.
  let isAbsolute: Bool

  /// nil if a name cannot be typed.
  init?(_ download: Download, at base: String?, from directory: MirrorPath) {
    guard let name = Self.typed(download.path.name) else { return nil }
    var checks: [String] = []
    if let sha256 = download.sha256 {
      checks.append("echo \(Self.quoted("\(sha256)  \(name)")) | sha256sum -c")
    }
    let signature = download.signature.flatMap { path in Self.typed(path.name).map { (path, $0) } }
    if let signature {
      checks.append("gpg --verify \(word(signature.1)) \(word(name))")
    }
    self.checks = checks
    fetches = [download.path, signature?.0].compactMap(\.self).map { path in
      let link = base.map { PageLink(to: path, at: $0) } ?? PageLink(to: path, from: directory)
      let isSame = link.text.utf8.suffix(path.name.bytes.count).elementsEqual(path.name.bytes)
      let name = Self.typed(path.name) ?? ""
      return Fetch(link: link, option: isSame && !name.hasPrefix("./") ? "-O" : "-o \(word(name))")
    }
    isAbsolute = base != nil
  }

  /// The command that imports the signing key into gpg.
  static func keyImport(_ key: MirrorPath, at base: String) -> String {
    "curl -fL \(word(PageLink(to: key, at: base).text)) | gpg --import"
  }

  /// The name of a file in the current directory as a command argument; nil if it is not plain text.
  private static func typed(_ name: FileName) -> String? {
    guard let text = name.text, text == name.description else { return nil }
    return text.hasPrefix("-") ? "./\(text)" : text
  }

  private static func quoted(_ text: String) -> String {
    String(decoding: ShellWord.inSingleQuotes(Array(text.utf8)), as: UTF8.self)
  }
}

private func word(_ text: String) -> String {
  String(decoding: ShellWord.quoted(Array(text.utf8)), as: UTF8.self)
}
