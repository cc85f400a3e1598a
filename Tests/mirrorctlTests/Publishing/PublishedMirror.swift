import Foundation
import Glibc
import SystemPackage
import TestSupport

/// A mirror of some builds, and the directory of its publishing target `out`.
struct PublishedMirror {
  let workspace: Workspace
  let site: PublishSite
  let published: FilePath
  let downloader: Downloader

  /// An empty mirror on the server `name`.
  init(_ name: String = "master", in given: Workspace? = nil) throws {
    workspace = try given ?? Workspace()
    site = try PublishSite(name, in: workspace)
    published = workspace.path.appending("published")
    downloader = Downloader(root: published)
    try workspace.shell("mkdir -p published")
  }

  /// The tarball of a version.
  static func tarball(_ subarch: String, _ date: String) -> String {
    let parts = subarch.split(separator: "/")
    return "\(subarch)/\(date)/stage3-\(parts[2])-\(parts[0])-\(date).tar.xz"
  }

  static let gen = tarball("std/x86/gen", "2016-01-02")

  /// Makes two versions of one subarch, and one of another.
  func fill() throws {
    try site.build("std/x86/gen", "2016-01-01")
    try site.build("std/x86/gen", "2016-01-02", seed: 2)
    try site.build("std/arm/v7", "2016-01-01", seed: 3)
    try site.refresh()
  }

  /// Sets the target's settings, one per line.
  func configure(_ settings: String = "", to: String? = nil) throws {
    try site.configure(
      "[section publish/out]\nto: \(to ?? "\(published)")\nas: \(site.home.lastComponent?.string ?? "")\nretries: 0\n"
        + settings)
  }

  /// Replaces a file by another with the same size and time.
  func replace(_ path: String, seed: UInt64, in root: FilePath? = nil) throws {
    let file = "\(root ?? site.mirror)/\(path)"
    let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
    if path.hasSuffix(".tar.xz") {
      try site.tar("\(file).new", bytes: size, seed: seed)
    } else {
      var random = Seeded(state: seed)
      let noise = Data((0..<size).map { _ in UInt8.random(in: 0...255, using: &random) })
      try noise.write(to: URL(fileURLWithPath: "\(file).new"))
    }
    try workspace.shell("touch -r '\(file)' '\(file).new'; mv '\(file).new' '\(file)'")
  }

  func here(_ path: String) -> Data? { FileManager.default.contents(atPath: "\(site.mirror)/\(path)") }

  func there(_ path: String) -> Data? { FileManager.default.contents(atPath: "\(published)/\(path)") }

  /// Whether this path exists at the target.
  func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat("\(published)/\(path)", &status) == 0
  }

  /// Deletes the records of sent files, there and here.
  func forgetRecords() throws { try workspace.shell("rm -rf published/project '\(site.home)/state'") }
}
