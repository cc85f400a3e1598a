import MirrorModel
public import LinuxSystem
public import FlexData
public import SystemPackage

/// Finds faults and possible faults in a configuration.
public struct ConfigurationCheck: Report {
  /// The file; nil if there is none.
  public let file: String?
  /// Faults, one each.
  public private(set) var faults: [ConfigurationFault] = []
  /// Possible faults, which may also be intended.
  public private(set) var warnings: [ConfigurationFault] = []
  /// Other information.
  public private(set) var information: [String] = []
  /// The settings, without those that are wrong.
  public private(set) var configuration: MirrorConfiguration?
  private let name: @Sendable (Remedy.Action) -> String

  private enum CodingKeys: String, CodingKey { case file, faults, warnings, information = "notes" }

  /// Reports that the configuration could not be read.
  public init(_ error: FlexDataError, in file: FilePath?) {
    self.file = file.map { "\($0)" }
    name = \.description
    for problem in error.problems { add(ConfigurationFault(problem)) }
  }

  /// Checks all of it.
  ///
  /// - Parameters:
  ///   - mirror: the mirror, if it is given in another way; it overrides `path/mirror`.
  ///   - omitsMissing: whether elements that need a target are checked elsewhere.
  ///   - name: names the actions in messages.
  public init(
    _ file: ConfigurationFile, mirror: (path: FilePath, origin: String)? = nil, omitsMissing: Bool = false,
    naming name: @escaping @Sendable (Remedy.Action) -> String = { $0.description }
  ) {
    self.name = name
    self.file = file.path.map { "\($0)" }
    guard let path = file.path else {
      information.append("no configuration: using defaults, which manage everything in the mirror")
      if let mirror { check(mirror, of: MirrorConfiguration(), file.elements) }
      return
    }
    let names = file.elements.names
    var unusable: Set<String> = []
    var waiting = 0
    for name in names {
      do throws(FlexDataError) { _ = try file.elements.lines(name) } catch {
        unusable.insert(name)
        // A missing element may be defined in a file that is only found with a target.
        let isMissing = error.problems.allSatisfy { $0.missing != nil }
        if isMissing && omitsMissing { continue }
        if file.unresolved.isEmpty || !isMissing {
          for problem in error.problems { add(ConfigurationFault(problem)) }
        } else {
          waiting += 1
        }
      }
    }
    checkCollects(file.unresolved)
    checkSettings(file.elements, unusable, mirror)
    checkInstall(file.elements)
    warnings += SectionNames.oddities(of: file).map {
      ConfigurationFault($0, in: file.elements, naming: name)
    }
    information.append("\(path): \(names.count) elements")
    if waiting > 0 {
      information.append(
        "\(waiting) of them require a target: to check them too, add `target: NAME target/build: BUILD` etc."
      )
    }
  }

  /// The notes of a check.
  public var lines: [ReportLine] { information.map { ReportLine($0, isEssential: true) } }
  /// Faults, then warnings.
  public var notes: [String] { (faults + warnings).map(\.text) }
  /// `failed` if there is a fault.
  public var status: ExitStatus { faults.isEmpty ? .done : .failed }

  /// Looks up the signing key in gpg: an unusable key is a fault, one that expires soon is reported.
  ///
  /// - Parameter now: seconds since the epoch.
  public mutating func checkKey(of file: ConfigurationFile, now: Int64, cancellation: Cancellation) {
    guard let signing = configuration?.signing else { return }
    do throws(MirrorError) {
      let key = try PublicKeyFile.listed(signing, cancellation: cancellation)
      if let objection = key.objection {
        add([objection], in: file.elements)
      } else if let warning = key.warning(at: now) {
        information.append(warning.text(name))
      }
    } catch { information.append(error.text(name)) }
  }

  /// Adds faults found elsewhere.
  public mutating func add(_ errors: [MirrorError], in elements: Elements) {
    for error in errors { add(ConfigurationFault(error, in: elements, naming: name)) }
  }

  /// Adds the faults of a check with samples, each once, and its result.
  public mutating func add(_ faults: [ConfigurationFault], note: String) {
    faults.forEach { add($0) }
    information.append(note)
  }

  private mutating func add(_ fault: ConfigurationFault) {
    if !faults.contains(where: { $0.text == fault.text }) { faults.append(fault) }
  }

  /// Reads all sections.
  private mutating func checkSettings(
    _ elements: Elements, _ unusable: Set<String>, _ mirror: (path: FilePath, origin: String)?
  ) {
    var probe = SettingsProbe(elements, omitting: unusable)
    configuration = probe.read {
      let configuration = try MirrorConfiguration(elements)
      _ = try configuration.chosenCompression()
      _ = try configuration.ownershipRules()
      return configuration
    }
    _ = probe.read { try FarmSettings(elements) }
    _ = probe.read { try FarmMaster(elements) }
    _ = probe.read { try TrialSettings(elements) }
    for name in SettingsSection.names(in: "export", of: elements) {
      _ = probe.read { try ExportSection(name, of: elements) }
    }
    for section in ExportSection.sections(elements, of: .ec2) { _ = probe.read { try CloudAccount(section) } }
    probe.end()
    add(probe.faults, in: elements)
    if let configuration { check(configuration, mirror, elements) }
  }

  private mutating func check(
    _ configuration: MirrorConfiguration, _ mirror: (path: FilePath, origin: String)?, _ elements: Elements
  ) {
    for (server, rule) in configuration.receiving.servers.sorted(by: { $0.key < $1.key }) {
      for subarch in (rule.subarches ?? []).compactMap(\.subarch)
      where configuration.rotation.isBuiltHere(subarch) {
        add(
          [
            MirrorError(
              .invalid, "receive/\(server)/subarches", "\(subarch) is built here, so it cannot be received",
              remedy: "remove it from subarches (rotation), or from this list")
          ], in: elements)
      }
    }
    let key = "path/mirror"
    guard let mirror = mirror ?? configuration.mirror.map({ ($0, key) }) else {
      if faults.contains(where: { $0.path == key }) { return }
      let fault = MirrorError(.invalid, key, "is not set", remedy: "set the path of the mirror")
      return add([fault], in: elements)
    }
    check(mirror, of: configuration, elements)
  }

  private mutating func check(
    _ mirror: (path: FilePath, origin: String), of configuration: MirrorConfiguration, _ elements: Elements
  ) {
    let scanner = MirrorScanner(
      root: mirror.path, layout: configuration.layout, kinds: configuration.kinds, now: SystemClock.seconds)
    if let found = try? scanner.scan() {
      warnings += configuration.rotation.oddities(in: found).map {
        ConfigurationFault($0, in: elements, naming: name)
      }
    }
    if (try? mirror.path.status())?.kind != .directory {
      add(
        [
          MirrorError(
            .invalid, mirror.origin, "\(mirror.path) does not exist", remedy: "create it, or check the path")
        ], in: elements)
    }
  }

  /// Reports collects that stay unresolved: those that depend on elements that no target defines.
  private mutating func checkCollects(_ unresolved: [Problem]) {
    let missing = unresolved.compactMap(\.missing)
    guard !missing.contains(where: { $0 == "target" || $0.hasPrefix("target/") || $0.hasPrefix("multi") })
    else { return }
    warnings += unresolved.filter { $0.missing != nil }.map(ConfigurationFault.init)
  }

  private mutating func checkInstall(_ elements: Elements) {
    if let install = (try? elements.text("path/install")).flatMap({ $0 }), !install.isEmpty,
      !FilePath(install).exists
    {
      add(
        [MirrorError(.invalid, "path/install", "\(install) does not exist", remedy: "check the path")],
        in: elements)
    }
  }
}
