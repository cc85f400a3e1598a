package import LinuxSystem
package import SystemPackage

/// How two tarballs of ``TreeCapture`` differ, member by member.
///
/// Their members are in the order of their names, so that only one of each is in memory.
package struct TarballComparison: Hashable, Sendable {
  /// The first ones, one line each.
  package private(set) var differences: [String] = []
  /// Number of members that differ, or are only in one of them.
  package private(set) var count = 0

  private let limit: Int

  private init(limit: Int) { self.limit = limit }

  /// Compares two tarballs, plain or compressed.
  ///
  /// - Parameters:
  ///   - limit: the most differences to describe.
  ///   - threads: that decompress; only xz uses more than one.
  /// - Throws: ``MirrorError`` naming the tarball that cannot be read.
  package static func compare(
    _ first: FilePath, _ second: FilePath, limit: Int, threads: Int = 1, cancellation: Cancellation
  ) throws(MirrorError) -> TarballComparison {
    let sources = (Shared(try TarballSource(first)), Shared(try TarballSource(second)))
    return try TarballSource.read(sources.0, threads: threads, cancellation: cancellation) {
      one throws(MirrorError) in
      try TarballSource.read(sources.1, threads: threads, cancellation: cancellation) {
        two throws(MirrorError) in
        let locale = UTF8Locale()
        defer { withExtendedLifetime(locale) {} }
        var comparison = TarballComparison(limit: limit)
        try comparison.run(
          try TarReader(one, subject: "\(first)"), try TarReader(two, subject: "\(second)"), cancellation)
        return comparison
      }
    }
  }

  private mutating func run(
    _ first: consuming TarReader, _ second: consuming TarReader, _ cancellation: Cancellation
  ) throws(MirrorError) {
    var (one, two) = (try Self.next(&first), try Self.next(&second))
    while one != nil || two != nil {
      try cancellation.check()
      if let left = one, let right = two, left.name == right.name {
        let differences = left.differences(from: right)
        if !differences.isEmpty { note(left.name, differences.joined(separator: ", ")) }
        (one, two) = (try Self.next(&first), try Self.next(&second))
      } else if let left = one, two.map({ left.name.lexicographicallyPrecedes($0.name) }) ?? true {
        note(left.name, "is only in the first")
        one = try Self.next(&first)
      } else if let right = two {
        note(right.name, "is only in the second")
        two = try Self.next(&second)
      }
    }
  }

  private static func next(_ reader: inout TarReader) throws(MirrorError) -> MemberFacts? {
    guard let member = try reader.next() else { return nil }
    return try MemberFacts(member, from: &reader)
  }

  private mutating func note(_ name: [UInt8], _ text: String) {
    count += 1
    if differences.count < limit { differences.append("\(MemberFault.excerpt(name)): \(text)") }
  }
}
