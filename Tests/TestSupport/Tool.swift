import Foundation

/// A program of the system that judges what we do.
public enum Tool {
  /// Whether it is installed.
  public static func exists(_ name: String) -> Bool { (try? run("which", name))?.status == 0 }

  /// Runs it; what it prints on stdout and stderr, and its exit status.
  @discardableResult
  public static func run(_ name: String, _ arguments: String...) throws -> (status: Int32, output: String) {
    try run(name, arguments: arguments)
  }

  /// Runs it; what it prints on stdout and stderr, and its exit status.
  @discardableResult
  public static func run(_ name: String, arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
