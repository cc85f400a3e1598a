import MirrorModel
import LinuxSystem

/// The control files of a mirror that are not published: the newest version of each stage, and the strategy.
enum RebuiltControl {
  /// A control file and its line.
  struct File: Hashable, Sendable {
    let path: MirrorPath
    let line: String
  }

  /// What the versions of a mirror tell.
  static func files(of mirror: Mirror) -> [File] {
    mirror.subarches.flatMap { subarch -> [File] in
      var newest: [String: Version] = [:]
      for version in subarch.versions where version.isComplete && version.isDated && !version.isFuture {
        for tarball in version.folder.tarballs where tarball.format.isTarball {
          let variant = tarball.parsedName.variant(in: version)
          guard variant.hasPrefix("stage"), newest[variant].map({ $0.date < version.date }) ?? true else {
            continue
          }
          newest[variant] = version
        }
      }
      guard newest["stage3"] != nil else { return [] }
      let versions = newest.sorted { $0.key < $1.key }.map { target, version in
        File(path: subarch.path.control(.version(target: MirrorPath(target))), line: "\(version.name)")
      }
      return versions + [
        File(path: subarch.path.control(.buildStrategy), line: "local"),
        File(path: subarch.path.control(.seedStrategy), line: "stage3"),
      ]
    }
  }

  /// Writes the files that do not exist.
  static func write(_ files: [File], in root: borrowing AnchoredDirectory) throws(MirrorError) {
    for file in files where try root.status(at: file.path) == nil {
      let directory = try root.makePath(file.path.parent)
      try DurableFile.write(
        ControlFile.text(file.line), to: file.path.name, in: directory, .ofThisProcess(mode: 0o644))
    }
  }
}
