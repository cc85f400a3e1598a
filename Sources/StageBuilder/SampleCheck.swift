import FlexData
import LinuxSystem
package import MirrorModel
package import MirrorTools
package import SystemPackage

/// Checks a configuration as builds of a sample subarch would use it: a spec tree has no meaning without a target.
package struct SampleCheck {
  /// Faults, with their places.
  package private(set) var faults: [ConfigurationFault] = []
  /// What was assumed.
  package private(set) var note = ""

  /// A spec tree that a configuration collects.
  package struct Tree {
    let path: FilePath
    /// The directory of the spec files of targets.
    let targets: FilePath
    /// Targets that the configuration or the tree compares `target` with.
    let named: [String]

    /// nil if the configuration names none.
    package init?(_ file: ConfigurationFile) {
      guard let install = (try? file.elements.text("path/install")) ?? nil, install.hasPrefix("/"),
        FilePath(install).appending("etc/master.conf").exists
      else { return nil }
      path = FilePath(install)
      let group = ((try? file.elements.text("metro/target")) ?? nil) ?? "gentoo"
      targets = path.appending("targets").appending(group)
      named = file.elements.comparedValues(of: "target")
    }

    /// A build that the tree has a file for; any name if its builds have none.
    var build: String {
      let folder = path.appending("etc/builds")
      let usual = "funtoo-current"
      let entries = (try? AnchoredDirectory(root: folder).entries()) ?? []
      let builds = entries.compactMap(\.name.text).filter {
        folder.appending($0).appending("build.conf").exists
      }
      return builds.contains(usual) ? usual : builds.sorted().first ?? "gentoo"
    }

    /// The modes of `build` that the tree knows: Metro's has a file for each of its own.
    var modes: [String] {
      let folder = path.appending("etc/multi")
      return folder.exists ? BuildModes.usual.filter { folder.appending($0).exists } : BuildModes.usual
    }

    /// The usual images that the tree has a spec for.
    var images: [String] {
      ["stage4", "openvz", "vserver", "lxc", "lxd"].filter { targets.appending("\($0).spec").exists }
    }
  }

  /// The problems of one element in one target.
  private struct Failure {
    let name: String
    let problems: [Problem]
  }

  private let source: ConfigurationFile.Request
  /// The configuration without a target.
  private let plain: Elements
  private let subarch: SampleSubarch
  private let mirror: FilePath?
  private let version: VersionDate

  /// - Parameters:
  ///   - source: how the configuration is read, without a target.
  ///   - file: the configuration, read in this way.
  package init(
    _ source: ConfigurationFile.Request, _ file: ConfigurationFile, _ tree: Tree, _ subarch: SampleSubarch,
    mirror: FilePath?,
    today: CalendarDate
  ) {
    self.source = source
    plain = file.elements
    self.subarch = subarch
    self.mirror = mirror
    version = VersionDate(today)
    let targets = targets(tree)
    var defined: [String: Int] = [:]
    var failures: [Failure] = []
    for target in targets {
      do {
        let elements = try elements(mode: "full", target: target)
        for name in elements.names {
          defined[name, default: 0] += 1
          do throws(FlexDataError) { try elements.check(name) } catch {
            failures.append(Failure(name: name, problems: error.problems))
          }
        }
      } catch { add(error) }
    }
    do { try checkSource() } catch { add(error) }
    for setting in plain.names where setting == "rotation/modes" || setting.hasPrefix("rotation/modes/") {
      do { try checkModes(setting) } catch { add(error) }
    }
    let counts = Dictionary(grouping: failures, by: \.name).mapValues(\.count)
    for failure in failures {
      // What no target defines is a fault; what this one does not define may be meant for others.
      let isGeneral = counts[failure.name] == defined[failure.name]
      add(failure.problems.filter { $0.missing == nil || isGeneral })
    }
    note =
      "checked as a build of \(subarch.build)/\(subarch.arch)/\(subarch.subarch), \(subarch.origin): "
      + targets.joined(separator: " ")
  }

  /// A snapshot, what each mode makes, usual images, and what the configuration itself mentions.
  private mutating func targets(_ tree: Tree) -> [String] {
    var names = ["snapshot"]
    for mode in tree.modes {
      do {
        let elements = try elements(mode: mode, target: nil)
        for list in ["multi/targets", "multi/extras"] {
          names += (try elements.text(list) ?? "").split { $0 == " " || $0 == "+" }.map(String.init)
        }
      } catch { add(error) }
    }
    names += tree.images + tree.named
    return names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// Reads what describes the source of a snapshot.
  private func checkSource() throws {
    let settings = try BuildSettings(request("full"), target: "snapshot", source)
    let overlays = try settings.words("snapshot/overlays").map { "snapshot/overlay/\($0)" }
    for section in ["snapshot"] + overlays { _ = try TreeVerification("\(section)/verify", settings, nil) }
  }

  /// Checks that the specs know the modes of a setting.
  private func checkModes(_ setting: String) throws {
    let words = (try plain.text(setting) ?? "").split { $0 == " " || $0 == "\t" }
    for mode in words.compactMap({ $0.split(separator: "+").first }).map(String.init) {
      let request = request(mode)
      var source = source
      source.definitions += strategy
      do {
        try BuildModes.check(request, try BuildSettings(request, target: nil, source), source)
      } catch let error as MirrorError where error.subject == mode {
        throw MirrorError(.invalid, setting, "`\(mode)` \(error.problem)", remedy: error.remedy)
      }
    }
  }

  private func request(_ mode: String) -> BuildRequest {
    BuildRequest(
      build: subarch.build, arch: subarch.arch, subarch: subarch.subarch,
      work: .stages(mode: mode, extras: []), version: version, definitions: [])
  }

  /// The strategy of a subarch that is not prepared yet.
  private var strategy: [(name: String, value: String)] {
    [("build", "local"), ("seed", "stage3")].filter { file, _ in
      guard let mirror, let path = subarch.stored else { return true }
      return !mirror.appending("\(path)/.control/strategy/\(file)").exists
    }.map { (name: "strategy/\($0)", value: $1) }
  }

  private func elements(mode: String, target: String?) throws -> Elements {
    var source = source
    source.definitions += strategy
    source.definitions += request(mode).elements(target: target, variant: nil)
    source.isStrict = target != nil
    return try ConfigurationFile(source).elements
  }

  private mutating func add(_ error: any Error) {
    if let error = error as? FlexDataError { return add(error.problems) }
    let error = error as? MirrorError ?? MirrorError(.invalid, "configuration", "\(error)")
    add(ConfigurationFault(error, in: plain, naming: \.description))
  }

  private mutating func add(_ problems: [Problem]) {
    for problem in problems where !isUnknownYet(problem) { add(ConfigurationFault(problem)) }
  }

  private mutating func add(_ fault: ConfigurationFault) {
    if !faults.contains(where: { $0.text == fault.text }) { faults.append(fault) }
  }

  /// Whether the problem is only that a file of the mirror does not exist: a build may write it.
  private func isUnknownYet(_ problem: Problem) -> Bool {
    guard let mirror, let file = problem.unreadable else { return false }
    return FilePath(file).starts(with: mirror.normalized)
  }
}
