import LinuxSystem

/// A file that a version offers: not a stage1 or stage2, and the best form if there are several.
package struct Artifact: Sendable {
  /// `stage3`, or the extra's name (`openvz`, `lxd`).
  package let variant: String
  /// The tarball, or an image.
  package let tarball: Tarball

  /// Whether it is a better form of the same content than another one: compressed, or at least released.
  fileprivate func isBetter(than other: Artifact) -> Bool {
    let (own, its) = (tarball.format, other.tarball.format)
    if own.isReleased != its.isReleased { return own.isReleased }
    return own.compression != nil && its.compression == nil
  }
}

extension Version {
  /// The files that this version of `subarch` offers: one per variant and format; of several compressions of one
  /// content only the best.
  package func artifacts(of subarch: Subarch) -> [Artifact] {
    struct Key: Hashable {
      let (variant, family): (String, String)
    }
    var chosen: [Key: Artifact] = [:]
    for tarball in folder.tarballs where tarball.isOffered && !isBeingCompressed(tarball) {
      let variant = tarball.parsedName.variant(in: self)
      guard variant != "stage1", variant != "stage2" else { continue }
      let artifact = Artifact(variant: variant, tarball: tarball)
      let key = Key(variant: variant, family: tarball.format.family)
      if let other = chosen[key], !artifact.isBetter(than: other) { continue }
      chosen[key] = artifact
    }
    // Tarballs first, since a variant is mostly one.
    return chosen.values.sorted {
      ($0.variant, $0.tarball.format.isTarball ? 0 : 1, $0.tarball.name)
        < ($1.variant, $1.tarball.format.isTarball ? 0 : 1, $1.tarball.name)
    }
  }

  /// Whether it contains a file that a build makes and that can be downloaded; other files do not make it
  /// complete.
  var hasDownload: Bool {
    folder.tarballs.contains { tarball in
      guard tarball.isOffered, let variant = tarball.parsedName.variant(of: path, in: folder.layout) else {
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
    guard tarball.format.isTarball, tarball.format.isReleased else { return false }
    let plain = tarball.parsedName.stem.appending(".tar")
    return folder.marks.contains { $0.run != nil && $0.tarball == plain }
      && folder.tarball(plain) != nil
  }
}
