import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage

/// The binary packages of a target that a build puts into the mirror: `build/binhost`.
struct PackageOffer: Hashable, Sendable {
  /// The directory of Portage's packages (PKGDIR) on the host.
  var cache: FilePath
  /// The tree in the mirror.
  let tree: MirrorPath
  /// Whether `Packages.gz` is written too.
  let compresses: Bool

  /// nil if the target offers none: those of a stage1 and a stage2 have few of the USE flags that users need.
  ///
  /// - Parameter subarch: the subarch that is built; nil for a snapshot only.
  init?(_ target: Target, of subarch: MirrorPath?) throws {
    guard target.kind == .stage, let subarch else { return nil }
    let settings = target.settings
    guard let tree = try Self.tree(settings, of: subarch) else { return nil }
    guard let target = settings.target, !target.hasPrefix("stage1"), !target.hasPrefix("stage2"),
      let cache = try settings.path("path/cache/package")
    else { return nil }
    self.cache = cache
    self.tree = tree
    compresses = try settings.text("binhost/compress") != "no"
  }

  /// The tree that `build/binhost` names; nil for none.
  static func tree(_ settings: BuildSettings, of subarch: MirrorPath) throws -> MirrorPath? {
    switch try settings.text("build/binhost") {
    case nil, "no": return nil
    case "yes": return subarch.parent.appending(MirrorGrammar.packages).appending(subarch.name)
    case let text?:
      let path = MirrorPath(text)
      guard path.isPlain, path.place.isInPackages, !path.components.contains(where: \.isHidden) else {
        throw MirrorError(
          .invalid, "build/binhost", "`\(text)` is not a tree of packages",
          remedy: "use yes, no, or a path in the mirror such as BUILD/ARCH/binpackages/SUBARCH")
      }
      return path
    }
  }

  /// Puts the packages into the mirror, and then their index.
  func apply(_ context: BuildContext) throws(MirrorError) -> PackageIntake.Report {
    guard cache.exists else { return PackageIntake.Report() }
    return try PackageIntake(
      root: context.root, context.ownershipRules, compresses: compresses, now: context.now(),
      cancellation: context.cancellation
    ).take(from: cache, into: tree)
  }
}
