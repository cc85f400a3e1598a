import MirrorModel
public import LinuxSystem
import FlexData
import SystemPackage

/// Finds faults and possible faults in a configuration.
public struct ConfigurationCheck: Sendable {
  /// Faults, one message each.
  public private(set) var findings: [String] = []
  /// Possible faults, which may also be intended.
  public private(set) var warnings: [String] = []
  /// Other information.
  public private(set) var notes: [String] = []
  private let name: @Sendable (Remedy.Action) -> String

  /// Checks all of it.
  ///
  /// - Parameters:
  ///   - omitsMissing: whether elements that need a target are checked elsewhere.
  ///   - name: names the actions in messages.
  public init(
    _ file: ConfigurationFile, omitsMissing: Bool = false,
    naming name: @escaping @Sendable (Remedy.Action) -> String = { $0.description }
  ) {
    self.name = name
    guard let path = file.path else {
      notes.append("no configuration: using defaults, which manage everything in the mirror")
      return
    }
    let names = file.elements.names
    var waiting = 0
    for name in names {
      do throws(FlexDataError) { _ = try file.elements.lines(name) } catch {
        // A missing element may be defined in a file that is only found with a target.
        let isMissing = error.problems.allSatisfy { $0.missing != nil }
        if isMissing && omitsMissing { continue }
        if file.unresolved.isEmpty || !isMissing {
          findings += error.problems.map(\.description)
        } else {
          waiting += 1
        }
      }
    }
    checkCollects(file.unresolved)
    for error in MirrorConfiguration.sections(file.elements).flatMap({ $0.unknown() }) { add(error) }
    do { check(try MirrorConfiguration(file.elements)) } catch let error as MirrorError { add(error) } catch {
    }
    checkInstall(file.elements)
    notes.append("\(path): \(names.count) elements")
    if waiting > 0 {
      notes.append(
        "\(waiting) of them require a target: to check them too, add `target: NAME target/build: BUILD` etc."
      )
    }
    findings = findings.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// Looks up the signing key in gpg: an unusable key is a fault, one that expires soon is reported.
  ///
  /// - Parameter now: seconds since the epoch.
  public mutating func checkKey(of file: ConfigurationFile, now: Int64, cancellation: Cancellation) {
    // Errors in the configuration itself were already reported.
    guard let signing = (try? MirrorConfiguration(file.elements))?.signing else { return }
    do throws(MirrorError) {
      let key = try PublicKeyFile.listed(signing, cancellation: cancellation)
      if let objection = key.objection {
        add(objection)
      } else if let warning = key.warning(at: now) {
        notes.append(warning.text(name))
      }
    } catch { notes.append(error.text(name)) }
  }

  /// Adds faults found elsewhere.
  public mutating func add(_ errors: [MirrorError]) { errors.forEach { add($0) } }

  /// Adds the faults of a check with samples, each once, and its result.
  public mutating func add(_ faults: [String], note: String) {
    findings += faults.filter { !findings.contains($0) }
    notes.append(note)
  }

  private mutating func add(_ error: MirrorError) { findings.append(error.text(name)) }

  private mutating func check(_ configuration: MirrorConfiguration) {
    do throws(MirrorError) { _ = try configuration.chosenCompression() } catch { add(error) }
    do throws(MirrorError) { _ = try configuration.ownershipRules() } catch { add(error) }
    for (server, rule) in configuration.receiving.servers.sorted(by: { $0.key < $1.key }) {
      for subarch in (rule.subarches ?? []).compactMap(\.subarch)
      where configuration.rotation.isBuiltHere(subarch) {
        add(
          MirrorError(
            .invalid, "receive/\(server)/subarches", "\(subarch) is built here, so it cannot be received",
            remedy: "remove it from subarches (rotation), or from this list"))
      }
    }
    guard let mirror = configuration.mirror else {
      return add(MirrorError(.invalid, "path/mirror", "is not set", remedy: "set the path of the mirror"))
    }
    if let found = try? MirrorScanner(
      root: mirror, layout: configuration.layout, kinds: configuration.kinds, now: SystemClock.seconds
    )
    .scan() {
      warnings += configuration.rotation.oddities(in: found).map { $0.text(name) }
    }
    if (try? mirror.status())?.kind != .directory {
      add(
        MirrorError(
          .invalid, "path/mirror", "\(mirror) does not exist", remedy: "create it, or check the path"))
    }
  }

  /// Reports collects that stay unresolved: those that depend on elements that no target defines.
  private mutating func checkCollects(_ unresolved: [Problem]) {
    let missing = unresolved.compactMap(\.missing)
    guard !missing.contains(where: { $0 == "target" || $0.hasPrefix("target/") || $0.hasPrefix("multi") })
    else { return }
    warnings += unresolved.filter { $0.missing != nil }.map(\.description)
  }

  private mutating func checkInstall(_ elements: Elements) {
    if let install = (try? elements.text("path/install")).flatMap({ $0 }), !install.isEmpty,
      !FilePath(install).exists
    {
      add(MirrorError(.invalid, "path/install", "\(install) does not exist", remedy: "check the path"))
    }
  }
}
