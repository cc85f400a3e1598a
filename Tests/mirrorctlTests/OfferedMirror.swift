import Foundation
import SystemPackage
import TestSupport
import Testing

/// A mirror of one subarch with two versions, and a configuration with its download URLs.
struct OfferedMirror {
  static let formats = "metalink,latest,simplestreams,json,xml"
  static let subarch = "std/x86-64bit/gen"
  static let old = "\(subarch)/2016-11-03"
  static let new = "\(subarch)/2016-11-17"
  static let stage3 = "\(new)/stage3-gen-std-2016-11-17.tar.xz"

  let workspace: Workspace
  var root: FilePath { workspace.mirror }

  /// - Parameter urls: its download URLs, separated by blanks; empty for none.
  init(urls: String = "https://one.example/m/ http://two.example") throws {
    workspace = try Workspace()
    try configure("[section index]\nos: Funtoo\nurls: \(urls)\n")
    for day in ["2016-11-03", "2016-11-17"] {
      try workspace.shell(
        """
        mkdir -p mirror/\(Self.subarch)/\(day); cd mirror/\(Self.subarch)/\(day)
        for name in stage1 stage3 gnome-stage3 lxd lxc; do
          printf 'of %s' "$name-\(day)" | xz -0 > $name-gen-std-\(day).tar.xz
        done
        echo ok > status; touch -d '\(day) 10:00 UTC' *
        """)
    }
    try workspace.shell(
      "ln -s 2016-11-17/stage3-gen-std-2016-11-17.tar.xz mirror/\(Self.subarch)/stage3-latest.tar.xz")
  }

  func configure(_ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  /// Writes digests, and an index in every format.
  func publish() throws {
    try workspace.shell("'\(Program.path)' digestgen -q --mirror mirror")
    try workspace.shell("'\(Program.path)' index -q --format \(Self.formats) --mirror mirror")
  }

  func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
  }

  func names(_ pattern: String) throws -> [String] {
    let found = try workspace.shell("cd mirror; find . -name '\(pattern)' | sort").text
    return found.split(separator: "\n").map { String($0.dropFirst(2)) }
  }

  /// A tarball's size in bytes.
  func size(_ path: String) throws -> Int {
    try #require(Int(try workspace.shell("stat -c %s 'mirror/\(path)'").text.dropLast()))
  }

  /// A tarball's SHA-256 from `sha256sum`.
  func sha256(_ path: String) throws -> String {
    String(try workspace.shell("sha256sum < 'mirror/\(path)'").text.prefix(64))
  }
}
