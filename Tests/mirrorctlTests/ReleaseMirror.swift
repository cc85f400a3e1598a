import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// A mirror with three versions of a subarch and three snapshots, in every index format.
struct ReleaseMirror {
  static let subarch = "std/x86-64bit/gen"
  static let days = ["2016-11-01", "2016-11-08", "2016-11-15"]
  static func version(_ index: Int) -> String { "\(subarch)/\(days[index])" }
  static func stage3(_ index: Int) -> String { "\(version(index))/stage3-gen-std-\(days[index]).tar.xz" }
  static let link = "\(subarch)/stage3-latest.tar.xz"

  let workspace: Workspace

  /// - Parameter settings: more lines of the configuration.
  init(_ settings: String = "") throws {
    workspace = try Workspace()
    try workspace.shell("mkdir there")
    try configure(settings)
    for day in Self.days { try add(day) }
  }

  /// Makes a version like a build does; a candidate has no links.
  func add(_ day: String, isCandidate: Bool = false, in root: String = "mirror") throws {
    try workspace.shell(
      """
      cd \(root); v=\(Self.subarch)/\(day); mkdir -p $v/log \(Self.subarch)/.control/version std/snapshots
      for s in stage3 lxd; do echo "$s \(day)" | xz > $v/$s-gen-std-\(day).tar.xz; done; echo log > $v/log/stage3.txt
      """)
    if isCandidate {
      try workspace.shell(
        """
        cd \(root); v=\(Self.subarch)/\(day)
        printf 'Link: %s -> %s\\nRecord: stage3\\n' \(Self.link) $v/stage3-gen-std-\(day).tar.xz > $v/CANDIDATE
        """)
    } else {
      try workspace.shell(
        """
        cd \(root); ln -sfn \(day)/stage3-gen-std-\(day).tar.xz \(Self.link)
        echo \(day) > \(Self.subarch)/.control/version/stage3
        echo "snapshot \(day)" | xz > std/snapshots/portage-\(day).tar.xz
        ln -sfn portage-\(day).tar.xz std/snapshots/portage-latest.tar.xz
        """)
    }
    try workspace.shell("printf ok > \(root)/\(Self.subarch)/\(day)/status")
  }

  func configure(_ settings: String) throws {
    let text = """
      [section index]
      urls: http://mirror.example
      formats: xml json html latest simplestreams metalink
      \(settings)

      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  /// The section of a local destination.
  func destination(_ more: String = "") -> String {
    "[section publish/web]\nto: \(workspace.path)/there\nretries: 0\n\(more)"
  }

  /// Runs a verb, which must succeed.
  @discardableResult
  func run(_ arguments: String..., status: Int32 = 0) throws -> Outcome {
    let outcome = try workspace.run(workspace.command(arguments))
    #expect(outcome.status == status, "\(arguments): \(outcome.text)\(outcome.errorText)")
    return outcome
  }

  func text(_ path: String, in root: String = "mirror") -> String {
    (try? String(contentsOfFile: "\(workspace.path)/\(root)/\(path)", encoding: .utf8)) ?? ""
  }

  func exists(_ path: String, in root: String = "mirror") -> Bool {
    var status = stat()
    return lstat("\(workspace.path)/\(root)/\(path)", &status) == 0
  }

  func link(_ path: String = ReleaseMirror.link, in root: String = "mirror") -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "\(workspace.path)/\(root)/\(path)")
  }

  /// The index files and metalinks that name a version or a file, as paths.
  func naming(_ name: String, in root: String = "mirror") throws -> [String] {
    let found = try workspace.shell(
      """
      cd \(root); { grep -rl --include=index.xml --include=latest.txt --include=images.json -- '\(name)' . || true
      grep -l 'download.*\(name)' index.json || true; find . -name '*\(name)*.meta4'; } | sort
      """)
    return found.text.split(separator: "\n").map { String($0.dropFirst($0.hasPrefix("./") ? 2 : 0)) }
  }

  /// Everything that an index, a link or a page offers, in one text, for comparisons.
  func offer(in root: String = "mirror") throws -> String {
    try workspace.shell(
      """
      cd \(root); cat index.xml index.json \(Self.subarch)/latest.txt streams/v1/images.json
      find . -type l -printf '%p %l\\n' | sort; find . -name '*.meta4' | sort
      """
    ).text
  }
}
