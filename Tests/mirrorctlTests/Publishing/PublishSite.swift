@testable import LinuxSystem
import Hashing
import Foundation
import Glibc
import SystemPackage
import TestSupport

/// A host with its own mirror, configuration and state.
final class PublishSite {
  let workspace: Workspace
  /// Its directory in the workspace.
  let home: FilePath

  init(_ name: String, in workspace: Workspace) throws {
    self.workspace = workspace
    home = workspace.path.appending(name)
    try workspace.shell("mkdir -p '\(home)/mirror'; : > '\(home)/conf'")
  }

  var mirror: FilePath { home.appending("mirror") }

  /// Writes the configuration.
  func configure(_ text: String) throws {
    try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: home.appending("conf").string))
  }

  /// The command line of a verb on this host.
  func command(_ arguments: [String]) -> [String] {
    [
      "env", "XDG_STATE_HOME=\(home)/state", Program.path.string,
    ] + arguments + ["--mirror", mirror.string, "--config", "\(home)/conf"]
  }

  @discardableResult
  func run(_ arguments: String...) throws -> Outcome { try workspace.run(command(arguments)) }

  func start(_ arguments: String...) throws -> RunningProgram { try workspace.start(command(arguments)) }

  /// Makes a version like a build does: a tarball of this size in bytes, a log, links.
  func build(_ subarch: String, _ date: String, bytes: Int = 200_000, seed: UInt64 = 1) throws {
    let parts = subarch.split(separator: "/")
    let tarball = "stage3-\(parts[2])-\(parts[0])-\(date).tar.xz"
    let version = "\(mirror)/\(subarch)/\(date)"
    try workspace.shell(
      """
      mkdir -p '\(version)/log' '\(mirror)/\(subarch)/.control/version'
      printf log > '\(version)/log/stage3.txt'
      printf stage1 | xz > '\(version)/\(tarball.replacing("stage3", with: "stage1"))'
      ln -sfn '\(date)/\(tarball)' '\(mirror)/\(subarch)/stage3-latest.tar.xz'
      echo '\(date)' > '\(mirror)/\(subarch)/.control/version/stage3'
      """)
    try tar("\(version)/\(tarball)", bytes: bytes, seed: seed)
    try Data("ok".utf8).write(to: URL(fileURLWithPath: "\(version)/status"))
  }

  /// Writes a tarball of this size in bytes, a multiple of four; its content depends only on the seed.
  func tar(_ path: String, bytes: Int, seed: UInt64) throws {
    try Compressed.noise(bytes: bytes, seed: seed).write(to: URL(fileURLWithPath: path))
  }

  /// Makes digests and index, as upkeep does.
  func refresh() throws {
    for verb in ["digestgen", "index"] {
      let outcome = try run(verb, "--quiet")
      if outcome.status != 0 { throw Workspace.ShellFailure(script: verb, message: outcome.errorText) }
    }
  }
}

/// Downloads the files that a published mirror's index names, and checks them.
struct Downloader: Sendable {
  let root: FilePath

  /// One file that an index names.
  private struct Download {
    let path: String
    let sha256: String
  }

  /// All problems found; empty if there is no index yet.
  ///
  /// - Parameter patience: how often to retry a mismatch after 10 ms. An index that changes meanwhile is
  ///   read again, as downloaders do.
  func faults(patience: Int = 0) -> [String] {
    var index = read("index.xml")
    var left = patience
    while let text = index {
      let faults = downloads(in: String(decoding: text, as: UTF8.self)).compactMap(fault)
      if faults.isEmpty { return [] }
      let now = read("index.xml")
      if now == text {
        if left == 0 { return faults }
        left -= 1
        usleep(10_000)
      }
      index = now
    }
    return []
  }

  private func fault(_ download: Download) -> String? {
    guard let content = read(download.path) else { return "\(download.path) is missing" }
    guard Self.sha256(content) == download.sha256 else {
      return "\(download.path) is not what the index says"
    }
    return nil
  }

  /// The sidecars that do not match.
  func wrongSidecars() throws -> [String] {
    let tree = try Tree(root)
    return tree.nodes.keys.filter { $0.hasSuffix(".hash.txt") }.sorted().compactMap { name in
      guard let text = read(name), let content = read(String(name.dropLast(9))) else { return name }
      return text == Array("sha256 \(Self.sha256(content))\n".utf8) ? nil : name
    }
  }

  private func downloads(in text: String) -> [Download] {
    text.matches(of: /download="\/([^"]+)"[^>]* sha256="([0-9a-f]+)"/).map {
      Download(path: String($0.1), sha256: String($0.2))
    }
  }

  private func read(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(root)/\(path)").map { Array($0) }
  }

  private static func sha256(_ content: [UInt8]) -> String {
    (try? OpenSSLDigest.sha256(of: content)).map { hex($0) } ?? "no digest"
  }
}
