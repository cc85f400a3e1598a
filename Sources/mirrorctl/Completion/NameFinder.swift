import FlexData
import LinuxSystem
import MirrorModel
import MirrorTools
import StageBuilder
import SystemPackage

/// Finds names in the mirror and the configuration. Whatever cannot be read has none.
struct NameFinder {
  private let context: CommandContext
  private let elements: Elements?
  /// The root of the mirror, if one is known.
  private let root: FilePath?

  /// - Parameter global: the options of the command line.
  init(_ context: CommandContext, _ global: GlobalOptions?) {
    self.context = context

    elements = global.flatMap { try? ConfigurationFile($0.configuration.request(context)).elements }
    let configured = elements.flatMap { try? $0.text("path/mirror") ?? nil }.map { FilePath($0) }
    root = global.flatMap { try? $0.root(context, configured) }
  }

  /// - Parameters:
  ///   - text: the word to complete.
  ///   - before: the arguments before it, without options.
  func candidates(_ kind: CompletedName, _ text: String, after before: [String]) -> [Completion.Candidate] {
    switch kind {
    case .build: words(directories() + configured("builds"))
    case .arch: words(directories(before.prefix(1)) + configured("arches"))
    case .subarch: words(directories(before.prefix(2)) + configured("subarches"))
    case .version: words(versions(before.prefix(3)))
    case .buildWords: buildWords(text, before)
    case .snapshotWords: before.isEmpty ? candidates(.build, text, after: []) : []
    case .place: paths(text, hasFiles: false)
    case .path: paths(text, hasFiles: true)
    case .element: words(elements?.names ?? [])
    case .destination: words(sections("publish"))
    case .server: words(sections("receive"))
    case .export: words(sections("export"))
    case .campaign: words(campaigns.map(\.plan.id))
    case .target: words(campaigns.first { $0.plan.id == before.first }?.plan.nodes.map(\.id) ?? [])
    }
  }

  /// `BUILD ARCH SUBARCH [MODE] [VERSION]`, or `BUILD/ARCH/SUBARCH ... [MODE] [VERSION]`.
  private func buildWords(_ text: String, _ before: [String]) -> [Completion.Candidate] {
    guard !before.contains(where: { $0.hasSuffix(":") }) else { return [] }
    let kinds: [CompletedName] = [.build, .arch, .subarch, .version, .version]
    let modes = words(BuildModes.usual)
    if text.contains("/") || before.first?.contains("/") ?? false {
      return paths(text, hasFiles: false) + (before.isEmpty ? [] : modes)
    }
    guard kinds.indices.contains(before.count) else { return [] }
    return (before.count == 3 ? modes : []) + candidates(kinds[before.count], text, after: before)
  }

  private func words(_ names: [String]) -> [Completion.Candidate] {
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }.map { .word($0) }
  }

  // MARK: The mirror

  /// The directories below `BUILD/ARCH`, except for those of snapshots.
  private func directories(_ names: ArraySlice<String> = []) -> [String] {
    entries(of: MirrorPath(names.joined(separator: "/"))).filter { $0.isDirectory && $0.name != "snapshots" }
      .map(\.name)
  }

  /// The versions of a subarch, newest first.
  private func versions(_ names: ArraySlice<String>) -> [String] {
    directories(names).compactMap { name in VersionDate(Array(name.utf8)).map { (name, $0) } }
      .sorted { $0.1 > $1.1 }.map(\.0)
  }

  /// The paths in the mirror that begin like `text`; paths outside of it are those that the shell finds.
  private func paths(_ text: String, hasFiles: Bool) -> [Completion.Candidate] {
    if let first = text.first, "/.~".contains(first) { return [hasFiles ? .files : .directories] }
    let start = text.lastIndex(of: "/").map { text[...$0] } ?? ""
    let folder = entries(of: MirrorPath(start.dropLast().description))
    return words(
      folder.filter { hasFiles || $0.isDirectory }.map { start + $0.name + ($0.isDirectory ? "/" : "") })
  }

  /// What a directory of the mirror contains, by name, except for hidden files and names that no terminal can show.
  private func entries(of path: MirrorPath) -> [(name: String, isDirectory: Bool)] {
    guard let root, let directory = try? AnchoredDirectory(root: root),
      let entries = try? path == .root ? directory.entries() : directory.directory(path).entries()
    else { return [] }
    return entries.compactMap { entry in
      let name = entry.name.description
      let isShown = entry.name.text == name && !name.hasPrefix(".")
      return isShown ? (name, entry.kind == .directory) : nil
    }.sorted { $0.name < $1.name }
  }

  // MARK: The configuration

  /// The names in a list of `[section rotation]`.
  private func configured(_ list: String) -> [String] {
    let text = elements.flatMap { try? $0.text("rotation/\(list)") ?? nil } ?? ""
    return text.split { $0.isWhitespace }.map(String.init)
  }

  /// The names of sections such as `[section publish/NAME]`.
  private func sections(_ parent: String) -> [String] {
    (elements?.names(in: parent) ?? []).compactMap { element in
      let parts = element.split(separator: "/")
      return parts.count > 2 ? String(parts[1]) : nil
    }
  }

  /// The campaigns of the farm, newest last.
  private var campaigns: [CampaignRecord] {
    guard let root, let elements, let settings = try? FarmSettings(elements),
      let farm = Farm(of: root, settings, context), let campaigns = try? farm.campaigns()
    else { return [] }
    return campaigns.compactMap { try? $0.record() }
  }
}
