public import FlexData
public import LinuxSystem

/// A fault in a configuration, and where it is.
public struct ConfigurationFault: Hashable, Sendable, Encodable {
  /// The file; nil if the fault is not in a file.
  public let file: String?
  /// From 1.
  public let line: Int?
  /// A setting, or what the fault is in.
  public let path: String
  /// What is wrong.
  public let problem: String
  /// How to fix it.
  public let remedy: String?
  /// The message; that of a fault in the language shows the line.
  public let text: String

  private enum CodingKeys: CodingKey { case file, line, path, problem, remedy }

  /// A fault in the language.
  public init(_ problem: Problem) {
    file = problem.place?.file
    line = problem.place?.line
    path = problem.element ?? problem.place?.file ?? "configuration"
    self.problem = problem.message
    remedy = problem.hint
    text = problem.description
  }

  /// A fault in a setting, whose place is looked up.
  ///
  /// - Parameter name: names the actions in its remedy.
  public init(_ error: MirrorError, in elements: Elements, naming name: (Remedy.Action) -> String) {
    let setting = SettingsSection.setting(of: error)
    let place = (try? elements.place(of: setting)).flatMap { $0 }
    file = place?.file
    line = place?.line
    path = place == nil ? error.subject : setting
    problem = error.problem
    remedy = error.remedy?.text(name)
    let start = place.map { "\($0): \(setting)" } ?? error.subject
    text = ([start, problem] + [remedy].compactMap(\.self)).joined(separator: ": ")
  }
}

/// Reads settings again and again, each time without those that are wrong, so that all faults are found.
struct SettingsProbe {
  private let elements: Elements
  private(set) var faults: [MirrorError] = []

  /// - Parameter unusable: elements whose own faults are known.
  init(_ elements: Elements, omitting unusable: Set<String>) {
    self.elements = elements
    elements.omitted = unusable
    // Unknown settings first: the readers stop at them.
    for fault in MirrorConfiguration.allSections(elements).flatMap({ $0.unknown() }) {
      faults.append(fault)
      elements.omitted.insert(SettingsSection.setting(of: fault))
    }
  }

  /// What `body` reads; nil if what is left of the settings is not enough.
  mutating func read<Value>(_ body: () throws -> Value) -> Value? {
    while true {
      do { return try body() } catch let error as MirrorError {
        let setting = SettingsSection.setting(of: error)
        // A setting that is missing because it was wrong is not another fault.
        if !elements.omitted.contains(setting) { faults.append(error) }
        guard omit(setting) || omitSection(of: setting) else { return nil }
      } catch { return nil }
    }
  }

  /// Omits a setting; false if nothing defines it, or it is omitted already.
  private func omit(_ setting: String) -> Bool {
    elements.names.contains(setting) && elements.omitted.insert(setting).inserted
  }

  /// Omits the settings beside one; false if there are none left.
  private func omitSection(of setting: String) -> Bool {
    guard let slash = setting.lastIndex(of: "/") else { return false }
    let others = elements.names.filter { $0.hasPrefix(setting[...slash]) }
    elements.omitted.formUnion(others)
    return !others.isEmpty
  }

  /// Makes all elements visible again.
  func end() { elements.omitted = [] }
}
