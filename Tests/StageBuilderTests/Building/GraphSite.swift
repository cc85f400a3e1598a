import Foundation
import TestSupport

/// A build server with the subarches `generic_64`, `core2` and `athlon`, and `remote`, which starts from the stage3 of
/// `core2`.
struct GraphSite {
  let site: TrivialSite
  var workspace: Workspace { site.workspace }

  /// - Parameter text: FlexData added to the configuration.
  init(
    _ text: String = "", in given: Workspace? = nil, with names: [String] = ["core2", "athlon"],
    isRemote: Bool = true
  ) throws {
    site = try TrivialSite(text, in: given)
    for name in names {
      try succeed(["init", "gentoo", "x86-64bit", name, "--local", "\(workspace.path)/\(Self.seed)"])
    }
    if isRemote {
      try succeed(["init", "gentoo", "x86-64bit", "remote", "--remote", "gentoo/x86-64bit/core2"])
    }
  }

  private static let seed = "stage3-generic_64-2026-11-01.tar"

  /// Runs a verb that must succeed.
  @discardableResult
  func succeed(_ arguments: [String]) throws -> Outcome {
    let outcome = try site.run(arguments)
    guard outcome.status == 0 else { throw BuildSite.Failure(message: outcome.errorText + outcome.text) }
    return outcome
  }

  /// A file of a subarch; nil if there is none.
  func text(_ subarch: String, _ name: String) -> String? {
    let path = "\(workspace.mirror)/gentoo/x86-64bit/\(subarch)/\(name)"
    return (try? Data(contentsOf: URL(fileURLWithPath: path))).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The lines of a text without the time that a target took, sorted: targets that are built at once end in any order.
  static func results(_ outcome: Outcome) -> [String] {
    outcome.text.split(separator: "\n").map { line in
      String(line.split(separator: " in ", maxSplits: 1)[0].split(separator: " after ", maxSplits: 1)[0])
    }.sorted()
  }
}
