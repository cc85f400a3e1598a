import Foundation
import Glibc
public import SystemPackage

/// How a program ended, and what it said.
public struct Outcome: Sendable {
  /// Its exit status, or 128 and the signal that ended it, as a shell tells it.
  public let status: Int32
  /// Standard output.
  public let output: [UInt8]
  /// Standard error.
  public let errors: [UInt8]

  /// Standard output as text.
  public var text: String { String(decoding: output, as: UTF8.self) }
  /// Standard error as text.
  public var errorText: String { String(decoding: errors, as: UTF8.self) }
}

/// A program that runs beside the test.
public final class RunningProgram {
  private let process = Process()
  private let output: FileHandle
  private let errors: FileHandle

  /// Starts it with this environment and no other; what it prints goes to files, which no pipe can fill.
  public init(_ command: [String], environment: [String: String], input: [UInt8] = []) throws {
    output = try Self.scratch()
    errors = try Self.scratch()
    let standardInput = try Self.scratch()
    try standardInput.write(contentsOf: input)
    try standardInput.seek(toOffset: 0)
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.environment = environment
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  private static func scratch() throws -> FileHandle {
    var template = Array("/tmp/mirrorctl-output-XXXXXX".utf8CString)
    let raw = mkstemp(&template)
    guard raw >= 0, fcntl(raw, F_SETFD, FD_CLOEXEC) == 0 else { throw Errno(rawValue: errno) }
    unlink(template)
    return FileHandle(fileDescriptor: raw, closeOnDealloc: true)
  }

  /// Its number; `env` becomes the program.
  public var pid: Int32 { process.processIdentifier }

  /// Whether it has not ended.
  public var isRunning: Bool { process.isRunning }

  /// Waits for its end.
  public func wait() throws -> Outcome {
    process.waitUntilExit()
    let status = process.terminationStatus
    try output.seek(toOffset: 0)
    try errors.seek(toOffset: 0)
    return Outcome(
      status: process.terminationReason == .uncaughtSignal ? 128 + status : status,
      output: Array(try output.readToEnd() ?? Data()), errors: Array(try errors.readToEnd() ?? Data()))
  }
}

/// The built program.
public enum Program {
  /// It lies beside the test bundle, whose executable this process runs.
  public static let path: FilePath = {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return FilePath(own).removingLastComponent().appending("mirrorctl")
  }()

  /// Ends what hangs, by SIGKILL; far longer than anything takes.
  public static let limited = ["timeout", "--foreground", "--signal=KILL", "300"]
}
