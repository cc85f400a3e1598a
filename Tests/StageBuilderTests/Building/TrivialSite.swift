import Foundation
import SystemPackage
import TestSupport

/// A build server that builds with the spec tree in `Specs/trivial`: a busybox seed, a package tree and an
/// empty mirror.
struct TrivialSite {
  static let subarch = ["gentoo", "x86-64bit", "generic_64"]
  static let date = "2026-11-22"

  let workspace: Workspace

  /// - Parameters:
  ///   - text: FlexData added to the configuration, below the spec tree.
  ///   - preparation: commands of the shell to run first.
  init(_ text: String = "", in given: Workspace? = nil, preparing preparation: String = "") throws {
    workspace = try given ?? Workspace()
    if !preparation.isEmpty { try workspace.shell(preparation) }
    let tests = FilePath(#filePath).removingLastComponent().removingLastComponent()
    try workspace.shell(
      """
      : > mirror/.mirrorctl.mirror
      mkdir -p tree/profiles; echo trivial > tree/profiles/repo_name
      '\(tests)/Portage/make-busybox-seed' .
      mv busybox-seed.tar stage3-generic_64-2026-11-01.tar
      """)
    let configuration = """
      [section path]
      install: \(tests)/Specs/trivial
      specs: \(SpecSite.path)
      tmp: \(workspace.path)/tmp
      [section path/mirror]
      : \(workspace.mirror)
      [section capture]
      level: 0
      [section snapshot/source]
      remote: \(workspace.path)/tree
      [collect $[path/install]/etc/master.conf]
      \(text)
      """
    try Data(configuration.utf8).write(to: URL(fileURLWithPath: workspace.path.appending("conf").string))
    let seed = workspace.path.appending("stage3-generic_64-2026-11-01.tar").string
    let outcome = try run(["init"] + Self.subarch + ["--local", seed])
    guard outcome.status == 0 else { throw BuildSite.Failure(message: outcome.errorText) }
  }

  /// Runs a verb.
  func run(_ arguments: [String]) throws -> Outcome { try workspace.run(command(arguments)) }

  /// The command line of a verb.
  func command(_ arguments: [String]) -> [String] {
    ["env", "MIRRORCTL_CONFIG=\(workspace.path)/conf", Program.path.string] + arguments
  }

  /// Builds the subarch.
  func build(_ mode: String, _ more: String...) throws -> Outcome {
    try run(["build"] + Self.subarch + [mode, Self.date] + more)
  }

  /// A file of the subarch; nil if there is none.
  func text(_ name: String) -> String? {
    (try? Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// The names in a directory of the subarch that do not begin with a dot.
  func names(_ path: String = ".") throws -> [String] {
    try workspace.run(["ls", "\(directory)/\(path)"]).text.split(separator: "\n").map(String.init)
  }

  /// What a link of the subarch points to.
  func link(_ name: String) throws -> String {
    try workspace.run(["readlink", "\(directory)/\(name)"]).text.split(separator: "\n").joined()
  }

  /// A file in a tarball of the version.
  func file(_ name: String, in target: String) throws -> String {
    let tarball = "\(directory)/\(Self.date)/\(target)-generic_64-gentoo-\(Self.date).tar.xz"
    return try workspace.run(["tar", "-xOf", tarball, name]).text
  }

  private var directory: FilePath { workspace.mirror.appending(Self.subarch.joined(separator: "/")) }
}
