import LinuxSystem

/// The part of a mirror to verify.
public enum VerifySubset: Sendable, Hashable {
  /// Everything.
  case all
  /// A fraction of all bytes, 0 to 1, least recently verified first; at least one file.
  case fraction(Double)
  /// A number of bytes, least recently verified first; at least one file.
  case bytes(Int64)
  /// Part `number` of `count`, from 1; a tarball is always in the same part.
  case part(number: Int, of: Int)

  /// Whether it continues after the last run, as recorded in the catalog.
  public var needsMemory: Bool {
    switch self {
    case .all, .part: false
    case .fraction, .bytes: true
    }
  }

  /// Parses `5%`, `2/7` or `50G`; nil for other text.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if text.hasSuffix("%"), let percent = Double(text.dropLast()), percent > 0, percent <= 100 {
      self = percent == 100 ? .all : .fraction(percent / 100)
    } else if parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]), count <= 1_000_000,
      number >= 1, number <= count
    {
      self = .part(number: number, of: count)
    } else if let bytes = Quantity.bytes(text) {
      self = .bytes(bytes)
    } else {
      return nil
    }
  }

  struct Candidate: Sendable {
    /// Shared by all candidates of a directory.
    let folder: MirrorPath
    let name: FileName
    let size: Int64
    /// Seconds since the epoch.
    let verifiedAt: Int64?

    var path: MirrorPath { folder.appending(name) }

    init(folder: MirrorPath, name: FileName, size: Int64, verifiedAt: Int64?) {
      (self.folder, self.name, self.size, self.verifiedAt) = (folder, name, size, verifiedAt)
    }

    init(path: MirrorPath, size: Int64, verifiedAt: Int64?) {
      self.init(folder: path.parent, name: path.name, size: size, verifiedAt: verifiedAt)
    }
  }

  /// The candidates to read, least recently verified first.
  func select(from candidates: [Candidate]) -> [Candidate] {
    let queue = candidates.sorted { left, right in
      (left.verifiedAt ?? .min, left.folder, left.name) < (right.verifiedAt ?? .min, right.folder, right.name)
    }
    switch self {
    case .all: return queue
    case .fraction(let fraction):
      let total = queue.reduce(0.0) { $0 + Double($1.size) }
      return Self.prefix(of: queue, bytes: total * fraction)
    case .bytes(let bytes): return Self.prefix(of: queue, bytes: Double(bytes))
    case .part(let number, let count):
      return queue.filter { Self.part(of: $0.path, count: count) == number }
    }
  }

  private static func prefix(of queue: [Candidate], bytes: Double) -> [Candidate] {
    var taken = 0.0
    return Array(
      queue.prefix { candidate in
        defer { taken += Double(candidate.size) }
        return taken < bytes || taken == 0
      })
  }

  private static func part(of path: MirrorPath, count: Int) -> Int {
    Int((stableHash(path.bytes) >> 16) % UInt64(max(1, count))) + 1
  }
}
