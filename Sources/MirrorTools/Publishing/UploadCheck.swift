import MirrorModel
import LinuxSystem

/// Checks the requests of a manifest by names alone.
///
/// A manifest comes from another host: it is refused if it would write outside the places of a server's
/// builds.
struct UploadCheck {
  let server: String
  /// Path of the manifest, for messages.
  let name: String

  func check(_ manifest: UploadManifest) throws(MirrorError) {
    guard manifest.server == server else {
      throw fault("belongs to server \(escaped(Array(manifest.server.utf8)))", "upload it under that name")
    }
    guard manifest.count <= UploadManifest.maximumCount else {
      throw fault("has more than \(UploadManifest.maximumCount) entries", "publish less at once there")
    }
    var seen = Set<MirrorPath>()
    let paths = manifest.files.map(\.path.path) + manifest.links.map(\.path.path)
    for path in paths {
      // Packages are refused one by one.
      guard Self.isOrdinary(path) || Self.isPackage(path), !path.components.contains(where: \.isHidden) else {
        throw fault("lists \(path), which is not a file of a subarch or snapshot", "check the server")
      }
      guard seen.insert(path).inserted else { throw fault("lists \(path) twice", "check the server") }
    }
    // A file below a link would be written to the target of the link.
    let leaves = seen
    if let path = paths.first(where: { $0.ancestors.contains(where: leaves.contains) }) {
      throw fault("lists \(path) below another file", "check the server")
    }
    for file in manifest.files {
      guard case .version = file.path.path.place else { continue }
      throw fault("lists \(file.path.path), which is not in a version", "check the server")
    }
    for file in manifest.files where file.size < 0 || file.sha256.utf8.count != 64 {
      throw fault("has no size or digest for \(file.path.path)", "check the server")
    }
    for link in manifest.links {
      let target = link.target.path.bytes
      guard !target.isEmpty, target.first != UInt8(ascii: "/"), !target.contains(0), Link.isPlain(target),
        let destination = Link.destination(of: target, in: link.path.path.parent, roots: [])?.components,
        !destination.isEmpty, !destination.contains(where: \.isHidden)
      else { throw fault("has a link \(link.path.path) that points out of the mirror", "check the server") }
    }
    for path in manifest.control.map(\.path.path) + manifest.cleared.map(\.path) where !Self.isControl(path) {
      throw fault("lists \(path), which is not an allowed control file", "check the server")
    }
    for control in manifest.control where control.text.utf8.count > 4096 {
      throw fault("contains text that is too long for \(control.path.path)", "check the server")
    }
  }

  private func fault(_ problem: String, _ remedy: String) -> MirrorError {
    MirrorError(.invalid, name, problem, remedy: remedy)
  }

  /// Whether a path is `BUILD/ARCH/SUBARCH/...` or `BUILD/snapshots/FILE`, each component a name.
  private static func isOrdinary(_ path: MirrorPath) -> Bool {
    let parts = path.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard isPlain(path, parts) else { return false }
    if parts.first?.elementsEqual("lost+found".utf8) ?? false { return false }
    switch path.place {
    case .snapshot: return path.place.snapshotName != nil
    case .version, .versionFile, .control, .controlFile: return parts.count <= Upload.depth
    case .root, .build, .service, .packages, .snapshots, .arch, .subarch: return false
    }
  }

  /// Whether a path is a file in a tree of binary packages, each component a name.
  private static func isPackage(_ path: MirrorPath) -> Bool {
    let parts = path.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return path.place.isInPackages && isPlain(path, parts) && parts.count <= Upload.depth
  }

  private static func isPlain(_ path: MirrorPath, _ parts: [ArraySlice<UInt8>]) -> Bool {
    path.isPlain && parts.allSatisfy { $0.count < 256 && !$0.contains(0) }
  }

  private static func isControl(_ path: MirrorPath) -> Bool {
    guard isOrdinary(path), let subarch = path.subarch, !subarch.components.contains(where: \.isHidden) else {
      return false
    }
    switch path.place.controlFile {
    case .failcount, .version: return true
    default: return false
    }
  }
}
