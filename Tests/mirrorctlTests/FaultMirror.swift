import Foundation
import SystemPackage
import TestSupport

/// The part of the fixture that faults are tried on, and what must survive them.
enum FaultMirror {
  /// The fixture's own directory.
  static let fixture = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("Fixtures/mirror")

  /// Lays it down as `directory` of the workspace.
  ///
  /// A configuration beside it says where it is offered.
  ///
  /// Ten years older than the fixture, but for its version of 2099: then the program's clock, which is the
  /// system's, sees the past as the past. All times are set, because git keeps none.
  static func make(_ directory: String, in workspace: Workspace) throws {
    try workspace.shell(
      """
      mkdir -p \(directory)/funtoo-current/pure64
      cp -a '\(fixture)/1.4-release-std' \(directory)/
      cp -a '\(fixture)/funtoo-current/pure64/generic_64-pure64' \(directory)/funtoo-current/pure64/
      cd \(directory)
      find . -path '*/.control/*' -type f -exec sed -i s/2026-/2016-/ {} +
      find . -depth -name '*2026-*' | while read -r path; do
        mv "$path" "${path%/*}/$(printf %s "${path##*/}" | sed s/2026-/2016-/)"
      done
      find . -type l | while read -r link; do
        ln -sfn "$(readlink "$link" | sed s/2026-/2016-/g)" "$link"
      done
      find . -exec touch -h -d 2016-12-01 {} +
      printf '[section index]\\nurls: https://mirror.example/m\\n' > ../.metro
      """)
  }

  /// What `clean` never removes, and why.
  static let survivors: [String] = [
    // The newest complete version; the latest link and .control/version name it too.
    "1.4-release-std/x86-64bit/generic_64/2016-11-17",
    // The newest complete one that is not of the future.
    "1.4-release-std/x86-64bit/intel64-haswell/2016-11-14",
    // Of the future.
    "1.4-release-std/x86-64bit/intel64-haswell/2099-01-01",
    // Of no date.
    "1.4-release-std/x86-64bit/intel64-haswell/old-stuff",
    "1.4-release-std/pure64/generic_64-pure64/2016-10-30",
    // Not the newest, but .control/version and two remote seeds name it.
    "funtoo-current/pure64/generic_64-pure64/2016-10-20",
    // Not the newest directory: the one after it failed. The latest link names it.
    "funtoo-current/pure64/generic_64-pure64/2016-10-27",
    "1.4-release-std/snapshots/portage-2016-11-17.tar.xz",
  ]

  /// Some of what `clean --keep 1` removes: without it the tests of what stays would prove nothing.
  static let doomed: [String] = [
    "1.4-release-std/x86-64bit/generic_64/2016-11-03",
    "1.4-release-std/x86-64bit/intel64-haswell/2016-11-05",
    "1.4-release-std/snapshots/portage-2016-11-03.tar.zst",
  ]
}
