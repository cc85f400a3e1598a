import LinuxSystem

/// The header blocks of one member of a tar archive, collected one by one.
///
/// Source: POSIX, `pax` utility, "ustar Interchange Format"; GNU tar's manual for long names and sparse files.
struct TarHead {
  /// What the blocks describe.
  struct Member {
    /// As written.
    var path: [UInt8]
    /// The target of a hard link; nil for others.
    var hardLink: [UInt8]?
    /// The type flag.
    var type: UInt8
    /// Number of bytes of content.
    var size: Int64
  }

  /// What the blocks are, as far as they are known.
  enum State {
    /// More bytes are needed.
    case incomplete
    /// A header for all members that follow.
    case global
    case member(Member)
    /// The first block of zeros.
    case end
  }

  private enum Part { case block, extended(content: Range<Int>), sparse(Member) }

  /// Maximum bytes of the headers of one member.
  private static let limit = 8 << 20

  /// All blocks so far.
  private(set) var bytes: [UInt8] = []
  /// How many bytes are needed before ``state(_:)`` is asked again.
  private(set) var needed = TarHeader.blockSize
  private var part = Part.block
  /// Where the current block begins.
  private var start = 0
  private var (longName, longLink): ([UInt8]?, [UInt8]?)

  mutating func append(_ more: some Sequence<UInt8>) { bytes += more }

  /// Reads the blocks when ``needed`` bytes are there.
  ///
  /// - Parameter subject: the tarball's path.
  mutating func state(_ subject: String) throws(MirrorError) -> State {
    while bytes.count >= needed {
      switch part {
      case .block:
        let block = Array(bytes[start..<needed])
        if start == 0, block.allSatisfy({ $0 == 0 }) { return .end }
        guard TarEnd.hasChecksum(block), let size = TarEnd.length(block).flatMap({ Int64(exactly: $0) })
        else {
          throw TarballInput.fault(subject, "is not a valid tar archive: a header is damaged")
        }
        if "xXgLK".utf8.contains(block[156]) {
          try need(TarHeader.blockSize * Int((min(size, 1 << 40) + 511) / 512), subject)
          part = .extended(content: (start + block.count)..<(start + block.count + Int(clamping: size)))
        } else {
          let member = member(block, size)
          // GNU's format of sparse files: further blocks follow while the last one says so.
          guard member.type == UInt8(ascii: "S"), block[482] != 0 else { return .member(member) }
          try need(TarHeader.blockSize, subject)
          part = .sparse(member)
        }
      case .extended(let content):
        switch bytes[start + 156] {
        case UInt8(ascii: "L"): longName = Array(bytes[content].prefix { $0 != 0 })
        case UInt8(ascii: "K"): longLink = Array(bytes[content].prefix { $0 != 0 })
        case UInt8(ascii: "g") where start == 0: return .global
        default: break
        }
        start = needed
        part = .block
        try need(TarHeader.blockSize, subject)
      case .sparse(let member):
        guard bytes[needed - 8] != 0 else { return .member(member) }
        try need(TarHeader.blockSize, subject)
      }
    }
    return .incomplete
  }

  private mutating func need(_ count: Int, _ subject: String) throws(MirrorError) {
    needed += count
    guard needed <= Self.limit else {
      throw MirrorError(
        .refused, subject, "has a member with more than \(Self.limit >> 20) MiB of headers",
        remedy: "if you trust it, unpack it with tar")
    }
  }

  private func member(_ block: [UInt8], _ size: Int64) -> Member {
    let records = start == 0 ? nil : PaxRecords(header: bytes)
    func text(_ key: String) -> [UInt8]? { records.flatMap { $0[key] } }
    let type = block[156]
    let isLink = type == UInt8(ascii: "1")
    let given = text("size").flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
    let isEmpty = (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(type)
    return Member(
      path: text("GNU.sparse.name") ?? text("path") ?? longName ?? Self.name(block),
      hardLink: isLink ? text("linkpath") ?? longLink ?? Array(block[157..<257].prefix { $0 != 0 }) : nil,
      type: type, size: isEmpty ? 0 : max(0, given ?? size))
  }

  private static func name(_ block: [UInt8]) -> [UInt8] {
    let name = Array(block[..<100].prefix { $0 != 0 })
    // GNU tar has other fields there.
    guard block[257..<263].elementsEqual("ustar\u{0}".utf8), block[345] != 0 else { return name }
    return block[345..<500].prefix { $0 != 0 } + [UInt8(ascii: "/")] + name
  }
}
