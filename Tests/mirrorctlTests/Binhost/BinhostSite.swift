import Foundation
import SystemPackage
import TestSupport

/// A mirror with a tree of binary packages.
struct BinhostSite {
  static let tree = "std/x86-64bit/binpackages/generic_64"
  private static let script = FilePath(#filePath).removingLastComponent()
    .appending("../../StageBuilderTests/Portage/make-package")

  /// Whether packages can be made here.
  static var isPossible: Bool { Tool.exists("python3") && Tool.exists("zstd") }

  let workspace: Workspace

  /// - Parameter settings: lines of the configuration.
  init(_ settings: String = "") throws {
    workspace = try Workspace()
    try workspace.shell(
      "mkdir -p mirror/\(Self.tree); : > mirror/\(Self.tree)/Packages; mkdir -p mirror/std/snapshots")
    try configure(settings)
  }

  func configure(_ settings: String) throws {
    try Data("\(settings)\n".utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  /// Makes a package.
  ///
  /// - Parameter pairs: see the script.
  func package(_ cpv: String, _ build: Int = 1, _ pairs: String...) throws {
    let made = try workspace.run(
      [Self.script.string, "\(workspace.mirror)/\(Self.tree)", cpv, "\(build)"] + pairs)
    guard made.status == 0 else { throw Workspace.ShellFailure(script: cpv, message: made.errorText) }
  }

  /// Runs a verb.
  @discardableResult
  func run(_ arguments: String...) throws -> Outcome { try workspace.run(workspace.command(arguments)) }

  /// A file of the tree; nil if there is none.
  func text(_ name: String = "Packages", in root: String = "mirror") -> String? {
    (try? Data(contentsOf: URL(fileURLWithPath: "\(workspace.path)/\(root)/\(Self.tree)/\(name)"))).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// The paths of the packages that an index names.
  func named(in root: String = "mirror") -> [String] {
    (text(in: root) ?? "").split(separator: "\n").filter { $0.hasPrefix("PATH: ") }.map {
      String($0.dropFirst(6))
    }
  }

  /// The lines of an index about one package.
  func stanza(_ path: String) -> String {
    (text() ?? "").components(separatedBy: "\n\n").first { $0.contains("PATH: \(path)\n") } ?? ""
  }
}
