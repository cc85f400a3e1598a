import LinuxSystem
import MirrorModel

/// A retention plan as a shell script that a person can read before it runs.
enum CleanScript {
  /// The bytes of the script. Names are quoted as they are on the disk; comments show them escaped.
  ///
  /// Before each removal the script checks again that no link and no mount is in the way.
  static func render(_ plan: RetentionPlan, of mirror: Mirror, today: CalendarDate) -> [UInt8] {
    var text = Array(
      """
      #!/bin/sh
      # mirrorctl clean of \(mirror.displayed(.root)) on \(today): \(plan.removals.count) of \(plan.count) versions and snapshots will be removed.
      # Policy: \(plan.policy). Run it soon: it describes the mirror as it was at that time.
      set -eu
      LC_ALL=C
      export LC_ALL

      """.utf8)
    if plan.removals.contains(where: { !$0.isSnapshot && !$0.isPackage }) {
      text += Array(removeFunction.utf8)
    }
    if plan.removals.contains(where: \.isSnapshot) { text += Array(removeFileFunction.utf8) }
    for section in plan.sections where !section.items.isEmpty {
      if section.isOfPackages {
        text += packages(section, mirror)
        continue
      }
      text += Array("\n# \(mirror.displayed(section.path))\n".utf8)
      for item in section.items {
        if item.isRemoved, !item.images.isEmpty {
          text += images(item, mirror)
          continue
        }
        text += Array(
          "# \(item.isRemoved ? "removing" : "keeping") \(mirror.displayed(item.path)): \(item.reason)\n".utf8
        )
        if item.isRemoved { text += command(item, mirror) }
      }
    }
    return text
  }

  private static let removeFunction = """

    # remove DIRECTORY ITS-NAME-IN-MOUNTINFO
    remove() {
      if [ ! -d "$1" ] || [ -L "$1" ]; then
        printf '%s\\n' "mirrorctl clean: $1: is no longer a directory: not removed" >&2
      elif [ "$(cd -P -- "$1" && pwd -P && echo x)" != "$1
    x" ]; then
        printf '%s\\n' "mirrorctl clean: $1: its path contains a symbolic link: not removed" >&2
      elif [ ! -r /proc/self/mountinfo ]; then
        printf '%s\\n' "mirrorctl clean: $1: cannot check mounts without /proc: not removed" >&2
      elif grep -qF -e " $2 " -e " $2/" /proc/self/mountinfo; then
        printf '%s\\n' "mirrorctl clean: $1: a file system is mounted there: not removed" >&2
      else
        rm -rf --one-file-system -- "$1"
      fi
    }

    """

  private static let removeFileFunction = """

    # remove_file DIRECTORY NAME
    remove_file() {
      if [ "$(cd -P -- "$1" && pwd -P && echo x)" != "$1
    x" ]; then
        printf '%s\\n' "mirrorctl clean: $1: its path contains a symbolic link: not removed" >&2
      else
        rm -f -- "$1/$2"
      fi
    }

    """

  /// Their index must be written before packages are removed, which a script cannot do.
  private static func packages(_ section: RetentionPlan.Section, _ mirror: Mirror) -> [UInt8] {
    guard !section.removals.isEmpty else { return [] }
    let lines = section.removals.map { "# not removing \(mirror.displayed($0.path)): \($0.reason)\n" }
    return Array(
      ("\n# \(mirror.displayed(section.path)): only clean --apply removes binary packages\n" + lines.joined())
        .utf8)
  }

  /// The records that list the images would be gone before them.
  private static func images(_ item: RetentionPlan.Item, _ mirror: Mirror) -> [UInt8] {
    let names = item.images.compactMap(\.image).joined(separator: ", ")
    return Array(
      "# not removing \(mirror.displayed(item.path)): only clean --apply removes its images \(names)\n".utf8)
  }

  private static func command(_ item: RetentionPlan.Item, _ mirror: Mirror) -> [UInt8] {
    switch item.kind {
    case .version:
      let path = mirror.absolute(item.path)
      return line("remove", path, MountTable.escaped(path))
    case .snapshot(let files):
      return files.flatMap { line("remove_file", mirror.absolute($0.parent), $0.name.bytes) }
    case .package: return []
    }
  }

  private static func line(_ function: String, _ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
    var line = Array(function.utf8)
    for word in [first, second] { line += [0x20] + ShellWord.inSingleQuotes(word) }
    return line + [0x0a]
  }
}
