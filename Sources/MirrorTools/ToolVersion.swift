/// This program's version; `--version` and traces tell it.
public enum ToolVersion {
  /// `0.1.0`.
  public static let text = "0.1.0"
}
