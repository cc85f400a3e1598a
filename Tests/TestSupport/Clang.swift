import Testing

/// Swift's own C compiler, which makes programs for other machines, too.
public enum Clang {
  /// Compiles C, and links it.
  public static func compile(_ arguments: [String]) throws {
    let script = """
      PATH=$PATH:$(dirname "$(readlink -f "$(command -v swift)")")
      exec clang "$@"
      """
    let outcome = try Tool.run("sh", arguments: ["-c", script, "sh"] + arguments)
    try #require(outcome.status == 0, "\(outcome.output)")
  }
}
