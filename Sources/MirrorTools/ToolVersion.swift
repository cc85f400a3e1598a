/// The version of this program, as printed by `--version` and in traces.
public enum ToolVersion {
  /// `0.2.0`.
  public static let text = "0.2.0"

  /// The version as a number, for comparisons: `2000` for `0.2.0`.
  static let number = number(of: text) ?? 0

  /// The number of a version; nil for other text.
  static func number(of text: String) -> Int? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 3, let major = parts[0], let minor = parts[1], let patch = parts[2],
      [major, minor, patch].allSatisfy({ (0..<1000).contains($0) })
    else { return nil }
    return (major * 1000 + minor) * 1000 + patch
  }

  /// The version with a number.
  static func text(of number: Int) -> String {
    "\(number / 1_000_000).\(number / 1000 % 1000).\(number % 1000)"
  }
}
