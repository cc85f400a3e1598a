import Foundation
import Glibc
import SystemPackage
import TestSupport

/// Our own server with the interface of EC2, stricter than moto's; stopped with this value.
final class EC2Stub {
  /// A snapshot or an image.
  struct Resource: Decodable {
    let region: String
    let state: String
    let tags: [String: String]
    let name: String?
    let launch: [String]?
    let snapshot: String?
  }

  struct State: Decodable {
    let snapshots: [String: Resource]
    let images: [String: Resource]
  }

  let address: String
  private let workspace: Workspace
  private let process: RunningProgram

  /// Its blocks are files `blocks/SNAPSHOT-INDEX` of the workspace.
  init(in workspace: Workspace) throws {
    self.workspace = workspace
    try workspace.shell("mkdir -p stub/blocks")
    let directory = workspace.path.appending("stub").string
    let program = FilePath(#filePath).removingLastComponent().appending("ec2-stub.py").string
    process = try workspace.start(["/usr/bin/python3", program, directory])
    var port: String?
    for _ in 0..<1500 where port == nil && process.isRunning {
      usleep(20_000)
      port = try? String(contentsOfFile: "\(directory)/port", encoding: .utf8)
    }
    guard let port else {
      throw Workspace.ShellFailure(script: program, message: try process.wait().errorText)
    }
    address = "http://127.0.0.1:" + port.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  deinit {
    guard process.isRunning else { return }
    Glibc.kill(process.pid, SIGKILL)
    _ = try? process.wait()
  }

  func state() throws -> State {
    try JSONDecoder().decode(State.self, from: Data(try workspace.shell("curl -sS \(address)/state").output))
  }

  /// The operations in order, and those that were refused.
  func log() throws -> [String] {
    try JSONDecoder().decode([String].self, from: Data(try workspace.shell("curl -sS \(address)/log").output))
  }

  /// Sets faults and kills.
  func plan(_ json: String) throws {
    try workspace.shell("curl -sS -X PUT --data '\(json)' \(address)/plan")
  }

  /// Kills the process whose number is in the file `pid` at a request.
  func kill(at number: Int, of operation: String? = nil, _ when: String) throws {
    let name = operation.map { "\"operation\": \"\($0)\"," } ?? ""
    try plan(
      "{\"kill\": {\"at\": \(number), \(name) \"when\": \"\(when)\", \"pid\": \"\(workspace.path)/pid\"}}")
  }

  /// Gives up all snapshots that are not complete.
  func expire() throws { try workspace.shell("curl -sS -X PUT \(address)/expire") }
}
