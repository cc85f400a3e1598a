import Hashing
@testable import LinuxSystem
import Foundation
import SystemPackage
import TestSupport

@testable import MirrorTools

/// An upload forged by an account with write access to `.incoming/SERVER`: files and their manifest.
struct ForgedUpload: Sendable {
  var server = "one"
  /// File contents by path, stored beside the manifest.
  var files: [String: String] = [:]
  /// Link targets by path.
  var links: [String: String] = [:]
  /// Contents of control files by path.
  var control: [String: String] = [:]
  /// Control files to remove.
  var cleared: [String] = []

  /// A finished version of a subarch, with a log.
  static func version(_ path: String, _ content: String = "stage") -> [String: String] {
    let parts = path.split(separator: "/")
    return [
      "\(path)/stage3-\(parts[2])-\(parts[0])-\(parts[3]).tar.xz": content, "\(path)/status": "ok",
      "\(path)/log/stage3.txt": "log",
    ]
  }

  /// Adds these files.
  func adding(_ files: [String: String]) -> ForgedUpload {
    var upload = self
    upload.files.merge(files) { $1 }
    return upload
  }

  /// Writes it to the directory for uploads in a mirror.
  func write(to mirror: FilePath) throws {
    let directory = "\(mirror)/.incoming/\(server)"
    var manifest = UploadManifest(server: server, date: "")
    for (path, content) in files.sorted(by: { $0.key < $1.key }) {
      let file = URL(fileURLWithPath: "\(directory)/\(path)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(content.utf8).write(to: file)
      manifest.files.append(
        .init(
          path: Self.exact(path), size: Int64(content.utf8.count), sha256: try Self.sha256(content)))
    }
    for (path, target) in links.sorted(by: { $0.key < $1.key }) {
      manifest.links.append(.init(path: Self.exact(path), target: Self.exact(target)))
    }
    for (path, text) in control.sorted(by: { $0.key < $1.key }) {
      manifest.control.append(.init(path: Self.exact(path), text: text, mtime: 0))
    }
    manifest.cleared = cleared.map(Self.exact)
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data(try manifest.encoded()).write(to: URL(fileURLWithPath: "\(directory)/.complete"))
  }

  static func sha256(_ text: String) throws -> String { hex(try OpenSSLDigest.sha256(of: Array(text.utf8))) }

  private static func exact(_ path: String) -> ExactPath { ExactPath(MirrorPath(path)) }
}
