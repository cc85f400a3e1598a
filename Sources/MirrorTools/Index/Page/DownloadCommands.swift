import LinuxSystem

/// Shell commands that download a tarball and check it; a page names only those that work as they stand.
struct DownloadCommands: Sendable, Hashable {
  /// What curl is to fetch.
  struct Fetch: Sendable, Hashable {
    let link: PageLink
    /// `-O`, or `-o NAME` where the last part of the address is not the name.
    let option: String

    /// The whole line, where the link says it all.
    var command: String { "curl -fL \(option) \(word(link.text))" }
  }

  /// Downloads; each link is absolute where the mirror's address is known.
  let fetches: [Fetch]
  /// Checks, in the directory of what was downloaded.
  let checks: [String]
  /// Whether the links say where the mirror is.
  let isAbsolute: Bool

  /// nil where a name cannot be typed.
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

  /// Tells gpg of the key that signatures are made with.
  static func keyImport(_ key: MirrorPath, at base: String) -> String {
    "curl -fL \(word(PageLink(to: key, at: base).text)) | gpg --import"
  }

  /// How a file of the current directory is named in a command; nil where its name is not plain text.
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
