import MirrorModel
public import LinuxSystem
import FlexData
import SystemPackage

/// What is wrong with a configuration, or may be.
public struct ConfigurationCheck: Sendable {
  /// Faults, each a message.
  public private(set) var findings: [String] = []
  /// What may be meant, and may be a slip.
  public private(set) var warnings: [String] = []
  /// What is worth knowing, and no fault.
  public private(set) var notes: [String] = []

  /// Looks at all of it.
  public init(_ file: ConfigurationFile) {
    guard let path = file.path else {
      notes.append("there is no configuration: defaults serve, and all that a mirror holds is managed")
      return
    }
    let names = file.elements.names
    var waiting = 0
    for name in names {
      do throws(FlexDataError) { _ = try file.elements.lines(name) } catch {
        // What is missing may stand in a file that needs a target to be found.
        if file.unresolved.isEmpty || !error.problems.allSatisfy({ $0.missing != nil }) {
          findings += error.problems.map(\.description)
        } else {
          waiting += 1
        }
      }
    }
    for error in MirrorConfiguration.sections(file.elements).flatMap({ $0.unknown() }) { add(error) }
    do { check(try MirrorConfiguration(file.elements)) } catch let error as MirrorError { add(error) } catch {
    }
    checkInstall(file.elements)
    notes.append("\(path): \(names.count) elements")
    if waiting > 0 {
      notes.append(
        "\(waiting) of them need a target: to check them too, add `target: NAME target/build: BUILD` and the like"
      )
    }
    findings = findings.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// Asks gpg for the key that signs: one that cannot is a fault, one that ends soon is worth knowing.
  ///
  /// - Parameter now: seconds since the epoch.
  public mutating func checkKey(of file: ConfigurationFile, now: Int64, cancellation: Cancellation) {
    // What is wrong with the configuration itself is found already.
    guard let signing = (try? MirrorConfiguration(file.elements))?.signing else { return }
    do throws(MirrorError) {
      let key = try PublicKeyFile.listed(signing, cancellation: cancellation)
      if let objection = key.objection {
        add(objection)
      } else if let warning = key.warning(at: now) {
        notes.append("\(warning)")
      }
    } catch { notes.append("\(error)") }
  }

  /// Adds what others found.
  public mutating func add(_ errors: [MirrorError]) { errors.forEach { add($0) } }

  private mutating func add(_ error: MirrorError) { findings.append("\(error)") }

  private mutating func check(_ configuration: MirrorConfiguration) {
    do throws(MirrorError) { _ = try configuration.chosenCompression() } catch { add(error) }
    do throws(MirrorError) { _ = try configuration.layout() } catch { add(error) }
    for (server, rule) in configuration.receiving.servers.sorted(by: { $0.key < $1.key }) {
      for subarch in (rule.subarches ?? []).compactMap(\.subarch)
      where configuration.rotation.isBuiltHere(subarch) {
        add(
          MirrorError(
            .invalid, "receive/\(server)/subarches", "\(subarch) is built here, so it is never received",
            remedy: "remove it from subarches (rotation), or here"))
      }
    }
    guard let mirror = configuration.mirror else {
      return add(MirrorError(.invalid, "path/mirror", "is not defined", remedy: "say where the mirror lies"))
    }
    if let found = try? MirrorScanner(root: mirror, now: SystemClock.seconds).scan() {
      warnings += configuration.rotation.oddities(in: found).map(\.description)
    }
    if (try? mirror.status())?.kind != .directory {
      add(
        MirrorError(
          .invalid, "path/mirror", "there is no directory \(mirror)", remedy: "make it, or check the path"))
    }
  }

  private mutating func checkInstall(_ elements: Elements) {
    if let install = (try? elements.text("path/install")).flatMap({ $0 }), !install.isEmpty,
      !FilePath(install).exists
    {
      add(MirrorError(.invalid, "path/install", "there is no \(install)", remedy: "check the path"))
    }
  }
}
