/// Sizes in the format of `du -h`.
enum HumanSize {
  /// Allocated bytes in the largest unit that gives at least 1: powers of 1024, rounded up, with one decimal
  /// below 10.
  static func text(_ allocated: Int64) -> String {
    let bytes = UInt64(max(0, allocated))
    var unit: UInt64 = 1
    var letters = ["", "K", "M", "G", "T", "P", "E"][...]
    while bytes / unit >= 1024, letters.count > 1 {
      unit *= 1024
      letters.removeFirst()
    }
    guard let letter = letters.first, unit > 1 else { return String(bytes) }
    let (whole, rest) = bytes.quotientAndRemainder(dividingBy: unit)
    // The remainder is below 2^60, so ten times that fits.
    let tenths = whole < 10 ? whole * 10 + ceiling(rest * 10, unit) : .max
    if tenths < 100 { return "\(tenths / 10).\(tenths % 10)\(letter)" }
    let rounded = whole + ceiling(rest, unit)
    guard rounded == 1024, let next = letters.dropFirst().first else { return "\(rounded)\(letter)" }
    return "1.0\(next)"
  }

  private static func ceiling(_ value: UInt64, _ unit: UInt64) -> UInt64 {
    value / unit + (value % unit == 0 ? 0 : 1)
  }
}
