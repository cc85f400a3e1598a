/// The version of this program, as printed by `--version` and in traces.
public enum ToolVersion {
  /// `0.1.0`.
  public static let text = "0.1.0"
}
