import LinuxSystem
import MirrorModel
package import MirrorTools
package import SystemPackage

/// A subarch with which a configuration is checked.
package struct SampleSubarch {
  let build, arch, subarch: String
  /// Where its names come from, as part of a sentence.
  let origin: String
  /// Its path, if the mirror contains it.
  let stored: MirrorPath?

  /// The first subarch that is built here; without one, names from the rotation and common names.
  package init(
    _ configuration: MirrorConfiguration?, mirror: FilePath?, _ tree: SampleCheck.Tree, now: Int64
  ) {
    let rotation = configuration?.rotation
    let found = mirror.flatMap { root in
      try? MirrorScanner(
        root: root, layout: configuration?.layout ?? .metro, kinds: configuration?.kinds ?? .builtIn, now: now
      ).scan()
    }
    if let found, let first = rotation?.managed(in: found).first ?? found.subarches.first {
      (build, arch, subarch) = (first.build.description, first.arch.description, first.name.description)
      (origin, stored) = ("which is in the mirror", first.path)
      return
    }
    let listed = [rotation?.builds, rotation?.arches, rotation?.subarches].map { $0?.first?.description }
    build = listed[0] ?? tree.build
    arch = listed[1] ?? "x86-64bit"
    subarch = listed[2] ?? "generic_64"
    origin =
      listed.contains { $0 != nil }
      ? "with names of [section rotation], as the mirror contains no subarch"
      : "an example, as the mirror contains no subarch"
    stored = nil
  }
}
