/// What all collected texts define, and what it expands to.
///
/// Not for several threads at once.
public final class Elements {
  let host: HostAccess
  private(set) var definitions: [String: Entry] = [:]
  private(set) var collected: [String: Place?] = [:]
  private var queue: [Queued] = []
  private(set) var isComplete = false
  lazy var expander = Expander(self)

  /// All definitions of one name.
  struct Entry {
    var always: Definition?
    var conditional: [Definition] = []
  }

  private struct Queued {
    let collect: Collect
    let directory: String
  }

  /// Nothing is defined yet.
  public init(_ host: HostAccess) { self.host = host }

  /// Defines elements over whatever texts say of them; `origin` stands for a file in messages.
  ///
  /// - Throws: where a name could not stand in a text.
  public func define(_ pairs: [(name: String, value: String)], origin: String) throws(FlexDataError) {
    for (name, value) in pairs {
      guard !name.isEmpty, !name.contains(where: { ":?[]$# \t\n".contains($0) }) else {
        throw FlexDataError("`\(name)` is no name of an element", at: nil, hint: "write `NAME: VALUE`")
      }
      let place = Place(source: Source(name: origin, text: "\(name): \(value)"), line: 1, column: 1)
      let definition = Definition(
        name: name, section: nil, value: .line(value, place.moved(to: name.count + 3)), condition: nil,
        isLax: false, place: place)
      definitions[name] = Entry(always: definition)
      fixed.insert(name)
    }
    expander.forget()
  }

  /// Names that texts cannot define any more.
  private var fixed = Set<String>()

  /// Takes a text's definitions, and queues what it collects.
  ///
  /// - Throws: all that is malformed in it or defined already.
  public func add(_ source: Source) throws(FlexDataError) {
    let document = try Parser.parse(source)
    var problems: [Problem] = []
    for item in document.items {
      switch item {
      case .collect(let collect):
        queue.append(Queued(collect: collect, directory: source.directory))
      case .definition(let definition) where !fixed.contains(definition.name):
        if let problem = take(definition) { problems.append(problem) }
      case .definition: break
      }
    }
    isComplete = false
    expander.forget()
    if !problems.isEmpty { throw FlexDataError(problems) }
  }

  private func take(_ definition: Definition) -> Problem? {
    var entry = definitions[definition.name] ?? Entry()
    let earlier: Definition?
    if let condition = definition.condition {
      earlier = entry.conditional.first { $0.condition == condition }
      if earlier == nil { entry.conditional.append(definition) }
    } else {
      earlier = entry.always
      entry.always = earlier ?? definition
    }
    definitions[definition.name] = entry
    guard let earlier else { return nil }
    return Problem(
      message: "`\(definition.name)` is defined already, in \(earlier.place)", place: definition.place,
      hint: "remove one of them", chain: [])
  }

  /// Reads a file and all that it collects, in whatever order references allow.
  ///
  /// - Parameter tolerant: whether what cannot be resolved is left out, rather than an error.
  /// - Returns: what was left out because it cannot be resolved.
  /// - Throws: all that is wrong with any file.
  @discardableResult
  public func collect(_ path: String, tolerant: Bool = false) throws(FlexDataError) -> [Problem] {
    try read(Path.resolve(path, from: "."), at: nil)
    return try collectQueued(tolerant: tolerant)
  }

  private func read(_ path: String, at place: Place?) throws(FlexDataError) {
    let source: Source
    do throws(HostAccess.Fault) { source = try host.source(path) } catch {
      throw FlexDataError("\(path): \(error.message)", at: place, hint: place == nil ? nil : "check the path")
    }
    if let earlier = collected.updateValue(place, forKey: path) {
      // What it defines will be told as defined twice.
      _ = earlier
    }
    try add(source)
  }

  /// Collects until nothing more can be.
  private func collectQueued(tolerant: Bool) throws(FlexDataError) -> [Problem] {
    var problems: [Problem] = []
    // First what holds whatever else will be defined; then, one at a time, what holds as things are.
    while collectNext(certain: true, &problems) || collectNext(certain: false, &problems) {}
    var unresolved: [Problem] = []
    for queued in queue {
      if case .unresolved(let error) = decide(queued) { unresolved += error.problems }
    }
    if !tolerant { problems += unresolved }
    guard problems.isEmpty else { throw FlexDataError(problems) }
    isComplete = true
    expander.forget()
    return unresolved
  }

  private func collectNext(certain: Bool, _ problems: inout [Problem]) -> Bool {
    for (index, queued) in queue.enumerated() {
      guard case .path(let path, let isCertain) = decide(queued), isCertain || !certain else { continue }
      queue.remove(at: index)
      if let path, !path.isEmpty {
        do throws(FlexDataError) {
          try read(Path.resolve(path, from: queued.directory), at: queued.collect.place)
        } catch { problems += error.problems }
      }
      return true
    }
    return false
  }

  private enum Decision {
    /// To be collected; nil for nothing. Certain if no later definition can change it.
    case path(String?, isCertain: Bool)
    /// Its condition does not hold, so far.
    case no
    case unresolved(FlexDataError)
  }

  private func decide(_ queued: Queued) -> Decision {
    do throws(FlexDataError) {
      var isCertain = true
      if let condition = queued.collect.condition {
        let holds = try expander.holds(condition)
        guard holds.value else { return .no }
        isCertain = holds.isCertain
      }
      let path = try expander.expand(
        queued.collect.path[...], section: queued.collect.section, at: queued.collect.place)
      return .path(path.value, isCertain: isCertain && path.isCertain)
    } catch { return .unresolved(error) }
  }

  /// The names of all elements that are defined as things are, sorted.
  public var names: [String] {
    definitions.keys.filter { (try? expander.definition(of: $0))?.value != nil }.sorted()
  }

  /// The defined name that someone may have meant.
  public func nearest(to name: String) -> String? { Spelling.nearest(to: name, in: definitions.keys) }

  /// Where an element is defined; nil if it is not.
  public func place(of name: String) throws(FlexDataError) -> Place? {
    try expander.definition(of: name).value?.place
  }

  /// An element's text in one line; nil if it is undefined, or vanishes by `:zap`.
  public func text(_ name: String) throws(FlexDataError) -> String? {
    guard try expander.definition(of: name).value != nil else { return nil }
    return try expander.text(of: name, isLax: false).value
  }

  /// An element's lines; nil if it is undefined. A single-line element has one, or none if it vanishes.
  public func lines(_ name: String) throws(FlexDataError) -> [String]? {
    guard let definition = try expander.definition(of: name).value else { return nil }
    guard case .lines = definition.value else { return try text(name).map { [$0] } ?? [] }
    return try expander.lines(of: name, isLax: false).value
  }

  /// Whether an element is one of several lines.
  public func isMultiline(_ name: String) throws(FlexDataError) -> Bool {
    if case .lines? = try expander.definition(of: name).value?.value { true } else { false }
  }
}
