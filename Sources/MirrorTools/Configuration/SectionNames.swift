import FlexData
import LinuxSystem

/// Finds sections that are probably misspelled, so that nothing reads their settings.
///
/// Specs may read a section of any name. Only one that resembles a section of mirrorctl.conf(5) is reported, and only if
/// no other file, such as a spec, has elements in a section of that name.
enum SectionNames {
  /// The first words of the sections that mirrorctl reads.
  private static let known = [
    "artifacts", "binhost", "build", "caches", "export", "farm", "hooks", "index", "mirror", "path",
    "portage", "publish", "qemu", "receive", "rotation", "signing", "snapshot", "strategy", "target", "test",
  ]

  /// One possible fault for each such section.
  static func oddities(of file: ConfigurationFile) -> [MirrorError] {
    guard let path = file.path.map({ "\($0)" }) else { return [] }
    var foreign: Set<String> = []
    var own: [String: String] = [:]
    for name in file.elements.names {
      let section = String(name.prefix { $0 != "/" })
      guard section != name, let place = (try? file.elements.place(of: name)) ?? nil else { continue }
      if place.file == path {
        own[section] = min(own[section] ?? name, name)
      } else {
        foreign.insert(section)
      }
    }
    return own.sorted { $0.key < $1.key }.compactMap { section, element in
      guard !known.contains(section), !foreign.contains(section),
        let near = Spelling.nearest(to: section, in: known)
      else { return nil }
      return MirrorError(
        .invalid, element, "mirrorctl does not read [section \(section)]",
        remedy: "did you mean [section \(near)]?")
    }
  }
}
