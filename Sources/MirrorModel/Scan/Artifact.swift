import LinuxSystem

/// A tarball that a version offers: not a stage1 or stage2, and the best form if there are several.
package struct Artifact: Sendable {
  /// `stage3`, or the extra's name (`openvz`, `lxd`).
  package let variant: String
  /// The tarball.
  package let tarball: Tarball
}

extension Version {
  /// The tarballs that this version of `subarch` offers: one per variant, preferring compressed ones over images
  /// and these over plain ones.
  package func artifacts(of subarch: Subarch) -> [Artifact] {
    var chosen: [String: Tarball] = [:]
    for tarball in folder.tarballs where tarball.isOffered && !isBeingCompressed(tarball) {
      guard let name = TarballName(tarball.name) else { continue }
      let variant = name.variant(in: self)
      guard variant != "stage1", variant != "stage2" else { continue }
      if let other = chosen[variant], other.compression != nil || !tarball.format.isReleased { continue }
      chosen[variant] = tarball
    }
    return chosen.map { Artifact(variant: $0.key, tarball: $0.value) }.sorted { $0.variant < $1.variant }
  }

  /// Whether it contains a tarball that a build makes and that can be downloaded; other tarballs do not make
  /// it complete.
  var hasDownload: Bool {
    folder.tarballs.contains { tarball in
      guard tarball.isOffered, let variant = TarballName(tarball.name)?.variant(of: path) else {
        return false
      }
      return variant != "stage1" && variant != "stage2" && !isBeingCompressed(tarball)
    }
  }

  /// The same without tarballs marked for compression, which are about to be replaced.
  package func offers(of subarch: Subarch) -> [Artifact] {
    let marked = Set(folder.marks.map(\.tarball))
    return artifacts(of: subarch).filter { !marked.contains($0.tarball.name) }
  }

  /// Whether another compressor is still writing the file: its `.tar` exists and is marked as being
  /// compressed.
  package func isBeingCompressed(_ tarball: Tarball) -> Bool {
    guard tarball.format.isTarball, tarball.format.isReleased, let stem = TarballName(tarball.name)?.stem
    else { return false }
    let plain = stem.appending(".tar")
    return folder.marks.contains { $0.run != nil && $0.tarball == plain }
      && folder.tarballs.contains { $0.name == plain }
  }
}
