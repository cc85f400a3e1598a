package import FlexData
import LinuxSystem
package import MirrorModel

/// Signs that this machine builds stages, and does not only keep them.
package enum BuildTraces {
  /// Settings that only builds read; those with a slash are the beginnings of names.
  private static let settings = [
    "build/", "farm/engine", "path/cache", "path/distfiles", "path/install", "path/specs", "path/tmp",
    "path/work", "portage/", "rotation/arches", "rotation/builds", "rotation/decide", "rotation/extras/",
    "rotation/modes", "rotation/subarches", "snapshot/", "target/build",
  ]

  /// The first sign in a configuration without a spec tree, or in a mirror; nil if there is none.
  package static func first(in elements: Elements, _ mirror: Mirror?) -> String? {
    let name = elements.names.first { name in
      settings.contains { name == $0 || name.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }
    }
    return name ?? mirror?.subarches.first { $0.control.buildStrategy != nil }?.path.description
  }
}
