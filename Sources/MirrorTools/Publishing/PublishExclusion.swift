import MirrorModel
import LinuxSystem

/// What not to publish.
enum PublishExclusion: Hashable, Sendable {
  /// Files of one kind.
  enum Word: String, CaseIterable, Sendable {
    case stage1, stage2, uncompressed, marks, logs, snapshots, packages
  }

  case word(Word)
  /// A name, or a path if it contains a slash; `*` matches any bytes.
  case glob([UInt8])

  /// The default exclusions.
  static let standard: [PublishExclusion] = [.stage1, .stage2, .uncompressed, .marks].map { (word: Word) in
    .word(word)
  }

  /// Parses a word or a pattern; nil if it is neither.
  init?(_ text: String) {
    if let word = Word(rawValue: text) {
      self = .word(word)
    } else if text.contains("*") || text.contains("/") || text.contains(".") {
      self = .glob(Array(text.utf8.drop { $0 == UInt8(ascii: "/") }))
    } else {
      return nil
    }
  }

  /// Whether a file is sent although it is excluded: the provenance of a stage1 or stage2, without which that of a
  /// stage3 cannot be followed. A master would not receive it without its tarball.
  func spares(_ path: MirrorPath, isStaged: Bool) -> Bool {
    guard !isStaged, [.word(.stage1), .word(.stage2)].contains(self) else { return false }
    let name = SignatureFormat.parse(path.name)?.file ?? path.name
    return SidecarKind(endOf: name) == .provenance
  }

  /// Whether it excludes a file of the mirror.
  func matches(_ path: MirrorPath, _ kinds: ArtifactKinds) -> Bool {
    let name = path.name
    switch self {
    case .word(let word):
      // A word for release files does not mean packages; to parse a path takes longer than to look at its name.
      let isMeant = Self.means(word, name, path, kinds)
      return isMeant && path.place.isInPackages == (word == .packages)
    case .glob(let pattern):
      let isPath = pattern.contains(UInt8(ascii: "/"))
      return Self.matches(pattern, isPath ? path.bytes : name.bytes)
    }
  }

  /// Whether a word means a file by its name or place; trees of packages are not considered.
  private static func means(
    _ word: Word, _ name: FileName, _ path: MirrorPath, _ kinds: ArtifactKinds
  ) -> Bool {
    switch word {
    case .packages: return true
    case .stage1: return name.hasPrefix("stage1")
    case .stage2: return name.hasPrefix("stage2")
    case .uncompressed:
      let tarball = SidecarKind.parse(name, kinds)?.tarball ?? name
      return TarballName(tarball, kinds).map { !$0.format.isReleased } ?? false
    case .marks: return name.hasSuffix(".tar.cme") || name.hasSuffix(".tar.cme.run")
    case .logs:
      if case .log = path.place.versionFile { return true }
      return false
    case .snapshots: return path.place.isInSnapshots
    }
  }

  /// Matches a pattern; `*` matches any bytes.
  static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    let pieces = pattern.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else { return pattern == text }
    guard text.count >= first.count + last.count, text.starts(with: first),
      text.suffix(last.count).elementsEqual(last)
    else { return false }
    var rest = text[first.count..<(text.count - last.count)]
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let start = rest.indices.first(where: { rest[$0...].starts(with: piece) }) else { return false }
      rest = rest[(start + piece.count)...]
    }
    return true
  }
}

extension PublishExclusion: CustomStringConvertible {
  /// As written in a configuration.
  var description: String {
    switch self {
    case .word(let word): word.rawValue
    case .glob(let pattern): escaped(pattern)
    }
  }
}
