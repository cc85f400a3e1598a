import MirrorModel
import LinuxSystem

/// Judges what a manifest wants to have in the mirror, by names alone.
///
/// A manifest comes from another host: nothing it says is believed that would write elsewhere than where a
/// server's builds belong.
struct UploadCheck {
  let server: String
  /// The manifest's file, for messages.
  let name: String

  func check(_ manifest: UploadManifest) throws(MirrorError) {
    guard manifest.server == server else {
      throw fault("is of the server \(escaped(Array(manifest.server.utf8)))", "upload it as that one")
    }
    var seen = Set<MirrorPath>()
    let paths = manifest.files.map(\.path.path) + manifest.links.map(\.path.path)
    for path in paths {
      guard Self.isOrdinary(path), !path.components.contains(where: \.isHidden) else {
        throw fault("names \(path), which is no file of a subarch or snapshot", "look at that server")
      }
      guard seen.insert(path).inserted else { throw fault("names \(path) twice", "look at that server") }
    }
    // A file below a link would be written wherever the link leads.
    let leaves = seen
    if let path = paths.first(where: { $0.ancestors.contains(where: leaves.contains) }) {
      throw fault("names \(path) below another file", "look at that server")
    }
    for file in manifest.files
    where file.path.path.components.count == 4 && Self.subarch(of: file.path.path) != nil {
      throw fault("names \(file.path.path), which is in no version", "look at that server")
    }
    for file in manifest.files where file.size < 0 || file.sha256.utf8.count != 64 {
      throw fault("tells no size and digest of \(file.path.path)", "look at that server")
    }
    for link in manifest.links {
      let target = link.target.path.bytes
      guard !target.isEmpty, target.first != UInt8(ascii: "/"), !target.contains(0), Link.isPlain(target),
        let destination = Link.destination(of: target, in: link.path.path.parent, roots: [])?.components,
        !destination.isEmpty, !destination.contains(where: \.isHidden)
      else { throw fault("has a link \(link.path.path) that leads out of the mirror", "look at that server") }
    }
    for path in manifest.control.map(\.path.path) + manifest.cleared.map(\.path) where !Self.isControl(path) {
      throw fault("names \(path), which is no control file to be received", "look at that server")
    }
    for control in manifest.control where control.text.utf8.count > 4096 {
      throw fault("has too long a text of \(control.path.path)", "look at that server")
    }
  }

  private func fault(_ problem: String, _ remedy: String) -> MirrorError {
    MirrorError(.invalid, name, problem, remedy: remedy)
  }

  /// `BUILD/ARCH/SUBARCH/...` or `BUILD/snapshots/FILE`, each component a name.
  private static func isOrdinary(_ path: MirrorPath) -> Bool {
    let parts = path.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard path.isPlain, parts.allSatisfy({ $0.count < 256 && !$0.contains(0) }) else { return false }
    // What a mirror's root holds besides builds.
    if let first = parts.first, reserved.contains(where: { first.elementsEqual($0.bytes) }) { return false }
    let isSnapshot = parts.count == 3 && parts[1].elementsEqual("snapshots".utf8)
    return isSnapshot || parts.count >= 4 && parts.count <= 16 && !parts[1].elementsEqual("snapshots".utf8)
  }

  private static let reserved: [FileName] = ["streams", "project", "lost+found"]

  private static func isControl(_ path: MirrorPath) -> Bool {
    guard isOrdinary(path) else { return false }
    let components = path.components
    guard components.count > 4, components[3] == ControlDirectory.name,
      !components.prefix(3).contains(where: \.isHidden)
    else { return false }
    let rest = components.dropFirst(4)
    if rest.elementsEqual([".failcount"]) { return true }
    guard rest.first == "version", !rest.contains(where: \.isHidden) else { return false }
    return rest.count == 2 || rest.count == 3 && rest.dropFirst().first == "stage4"
  }

  /// The subarch that a path of a manifest belongs to; nil for a snapshot.
  static func subarch(of path: MirrorPath) -> MirrorPath? {
    let components = path.components
    guard components.count > 3, components[1] != "snapshots" else { return nil }
    return components.prefix(3).reduce(.root) { $0.appending($1) }
  }
}
