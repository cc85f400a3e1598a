import FlexData
import LinuxSystem

/// The variants whose stage3 a build makes beside its own, from the same stage1: those in `multi/variants`.
struct BuildVariants {
  let request: BuildRequest
  let context: BuildContext
  let shared: BuildSettings

  /// One target per variant, except for the variant of the build itself, whose stage3 is the usual one.
  ///
  /// - Throws: if a variant does not exist, or cannot be made from this build's stage1.
  func targets() throws -> [PlannedTarget] {
    let names = try shared.words("multi/variants")
    let optional = try shared.words("multi/optional")
    try checkOptional(optional, names)
    let own = try shared.text("variant")
    return try names.filter { $0 != own }.map { name in
      try check(name)
      return PlannedTarget(name: "stage3-\(name)", variant: name, isOptional: optional.contains(name))
    }
  }

  /// Throws if a word in `multi/optional` is misspelled.
  private func checkOptional(_ optional: [String], _ names: [String]) throws(MirrorError) {
    for name in optional where !names.contains(name) {
      // A configuration may list the optional variants of all builds.
      guard let near = Spelling.nearest(to: name, in: names) else { continue }
      throw MirrorError(
        .invalid, "multi/optional", "`\(name)` is not in multi/variants", remedy: "did you mean `\(near)`?")
    }
  }

  private func check(_ name: String) throws {
    let known = shared.comparedValues(of: "variant")
    guard known.contains(name) else {
      throw MirrorError(
        .invalid, "multi/variants", "`\(name)` is not a variant",
        remedy: Spelling.nearest(to: name, in: known).map { "did you mean `\($0)`?" }
          ?? "use \(known.joined(separator: ", ")), or define variant/profile for it")
    }
    let settings = try BuildSettings(request, target: nil, variant: name, context.source)
    guard try settings.text("variant/stage1") != shared.text("variant/stage1") else { return }
    throw MirrorError(
      .invalid, "multi/variants", "`\(name)` cannot be made from the stage1 of \(request.build)",
      remedy: "build it as a line of development of its own, such as \(request.build)-\(name)")
  }
}
