import Foundation
import SystemPackage
import TestSupport

/// The part of the fixture used by fault tests, and the files that must survive.
enum FaultMirror {
  /// The fixture's own directory.
  static let fixture = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("Fixtures/mirror")

  /// Copies it to `directory` of the workspace, with a configuration beside it that sets its URL.
  ///
  /// Its dates are ten years older than the fixture's, except the version of 2099, so that the system clock,
  /// which the program uses, is later. All times are set, because git does not store them.
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

  /// The paths that `clean` never removes, and why.
  static let survivors: [String] = [
    // The newest complete version, also named by the latest link and .control/version.
    "1.4-release-std/x86-64bit/generic_64/2016-11-17",
    // The newest complete version that is not dated in the future.
    "1.4-release-std/x86-64bit/intel64-haswell/2016-11-14",
    // Dated in the future.
    "1.4-release-std/x86-64bit/intel64-haswell/2099-01-01",
    // Without a date.
    "1.4-release-std/x86-64bit/intel64-haswell/old-stuff",
    "1.4-release-std/pure64/generic_64-pure64/2016-10-30",
    // Not the newest, but named by .control/version and two remote seeds.
    "funtoo-current/pure64/generic_64-pure64/2016-10-20",
    // Not the newest directory, because the next build failed; named by the latest link.
    "funtoo-current/pure64/generic_64-pure64/2016-10-27",
    "1.4-release-std/snapshots/portage-2016-11-17.tar.xz",
  ]

  /// Some paths that `clean --keep 1` removes, to prove that it removes anything.
  static let doomed: [String] = [
    "1.4-release-std/x86-64bit/generic_64/2016-11-03",
    "1.4-release-std/x86-64bit/intel64-haswell/2016-11-05",
    "1.4-release-std/snapshots/portage-2016-11-03.tar.zst",
  ]
}
