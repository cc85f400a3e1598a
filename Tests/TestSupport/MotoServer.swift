import Foundation
import Glibc
import SystemPackage

/// The server of the package moto, stopped with this value.
public final class MotoServer {
  private let process: RunningProgram

  /// Where it listens.
  public let port: Int

  /// Installs it if need be, and waits until it answers.
  public init(in workspace: Workspace) throws {
    let script = FilePath(#filePath).removingLastComponent().appending("../mirrorctlTests/Cloud/make-moto")
      .string
    let port = try Loopback.freePort()
    self.port = port
    let environment = ProcessInfo.processInfo.environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }
    let made = try RunningProgram([script], environment: environment).wait()
    guard made.status == 0 else { throw Workspace.ShellFailure(script: script, message: made.errorText) }
    let modules = made.text.trimmingCharacters(in: .whitespacesAndNewlines)
    process = try workspace.start(
      [
        "PYTHONPATH=\(modules)", "/usr/bin/python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", "\(port)",
      ])
    for _ in 0..<3000 where process.isRunning {
      if (try? workspace.shell("curl -sS http://127.0.0.1:\(port)/moto-api/data.json")) != nil { return }
      usleep(20_000)
    }
    throw Workspace.ShellFailure(script: "moto", message: try process.wait().errorText)
  }

  deinit {
    guard process.isRunning else { return }
    kill(process.pid, SIGKILL)
    _ = try? process.wait()
  }
}
