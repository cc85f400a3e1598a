import FlexData
import MirrorModel
import LinuxSystem

/// The builds, architectures and subarchs that the mirror, the configuration and the specifications know.
struct KnownSubarchs {
  let request: BuildRequest
  let shared: BuildSettings
  let anchor: Shared<AnchoredDirectory>

  /// A level of the mirror, and where names of that level are found.
  private struct Level {
    let title: String
    let name: String
    let element: String
    let lists: [String]
  }

  /// Throws if the subarch of the request does not exist; names one that may be meant.
  func check() throws(MirrorError) {
    guard let path = request.path, request.namedTarget != "snapshot" else { return }
    var parent = MirrorPath.root
    for level in levels {
      let place = parent.appending(FileName(level.name))
      if try anchor.value.status(at: place) == nil {
        guard let near = nearest(level, in: parent) else { break }
        let context = parent.bytes.isEmpty ? "" : " for \(parent.name)"
        throw MirrorError(
          .invalid, anchor.value.displayed(place),
          "no such \(level.title) `\(level.name)`\(context); did you mean `\(near)`?",
          remedy: "to begin a new one, \(run: .seed("\(path)".replacing("/", with: " ")))")
      }
      parent = place
    }
    _ = try VersionRecords(path, version: request.version.description, root: anchor).control()
  }

  private var levels: [Level] {
    guard let arch = request.arch, let subarch = request.subarch else { return [] }
    return [
      Level(title: "build", name: request.build, element: "target/build", lists: ["rotation/builds"]),
      Level(title: "architecture", name: arch, element: "target/arch_desc", lists: ["rotation/arches"]),
      Level(
        title: "subarch", name: subarch, element: "target/subarch",
        lists: ["rotation/subarches", "rotation/also-stored"]),
    ]
  }

  /// The name that is most similar; nil if the name itself is known.
  private func nearest(_ level: Level, in directory: MirrorPath) -> String? {
    let stored = ((try? anchor.value.directory(directory).entries()) ?? [])
      .filter { $0.kind == .directory && !$0.name.isHidden }.compactMap(\.name.text)
    let listed = level.lists.flatMap { (try? shared.words($0)) ?? [] }
    let known = Set(stored + listed + shared.comparedValues(of: level.element))
    return known.contains(level.name) ? nil : Spelling.nearest(to: level.name, in: known)
  }
}
