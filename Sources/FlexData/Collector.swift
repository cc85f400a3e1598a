/// Reads texts, and the files that they collect, each as soon as its path is known.
struct Collector {
  private let expander: Expander
  /// Files that were read, and the first collect of each; nil for those that the caller requested.
  private var files: [String: Place?] = [:]
  private var waiting: [Waiting] = []
  private var done: [(collect: Collect, path: String)] = []
  /// Names that texts cannot define.
  private var fixed = Set<String>()

  private struct Waiting {
    let collect: Collect
    /// An undefined element that it depends on.
    var missing: String?
  }

  private enum Decision {
    /// A file to read, relative to the collecting file's directory; certain if no later definition can change
    /// it.
    case path(String, isCertain: Bool)
    /// Nothing to read so far.
    case nothing
    case unresolved(Problem)
  }

  init(_ expander: Expander) { self.expander = expander }

  /// Defines an element, overriding definitions in texts.
  mutating func fix(_ definition: Definition) {
    var definitions = Definitions()
    _ = definitions.add(definition)
    expander.definitions[definition.name] = definitions
    expander.forgetAll()
    fixed.insert(definition.name)
  }

  /// Reads a file that is collected at `place`.
  ///
  /// - Returns: the problems in it.
  mutating func read(_ path: String, for place: Place?) -> [Problem] {
    do throws(FlexDataError) {
      let (source, document, malformed) = try expander.host.document(path, at: place)
      return take(document, malformed, of: source, for: place)
    } catch {
      return error.problems.map {
        $0.through($0.place?.file == path ? way(to: place) : way(to: parent(place)))
      }
    }
  }

  /// Adds the contents of a text that is collected at `place`.
  ///
  /// - Returns: the problems in it.
  private mutating func take(
    _ document: Document, _ malformed: [Problem], of source: Source, for place: Place?
  ) -> [Problem] {
    // A file that collects itself would be read forever.
    let isRepeated = files[source.name] != nil
    if !isRepeated { files[source.name] = .some(place) }
    var problems = malformed
    for item in document.items {
      switch item {
      case .collect(let collect):
        if !isRepeated { waiting.append(Waiting(collect: collect)) }
      case .definition(let definition):
        guard !fixed.contains(definition.name),
          let earlier = expander.definitions[definition.name, default: Definitions()].add(definition)
        else { continue }
        problems.append(repetition(of: earlier, by: definition))
      }
    }
    expander.forgetProvisional()
    return problems.map { $0.through(way(to: place)) }
  }

  private func repetition(of earlier: Definition, by definition: Definition) -> Problem {
    var hint = "remove one of them"
    if earlier.place.file == definition.place.file, earlier.place.line == definition.place.line {
      let first = files[earlier.place.file]?.map { ", by \($0)" } ?? ""
      hint = "the file was already collected\(first): remove one of the collects"
    }
    return Problem(
      message: "`\(definition.name)` is already defined in \(earlier.place)", place: definition.place,
      hint: hint
    )
  }

  /// Collects until there is nothing left to collect.
  ///
  /// - Returns: problems of collects that cannot be resolved.
  mutating func run(_ problems: inout [Problem]) -> [Problem] {
    expander.givesHints = false
    // First the collects that no later definition can change; then, all at once, those that hold as things
    // are.
    while advance(certain: true, &problems) || advance(certain: false, &problems) {}
    expander.givesHints = true
    expander.forgetAll()
    let unresolved = waiting.compactMap { waiting -> Problem? in
      if case .unresolved(let problem) = decide(waiting.collect) { problem } else { nil }
    }
    return unresolved + done.compactMap { stale($0.collect, $0.path) }
  }

  private mutating func advance(certain: Bool, _ problems: inout [Problem]) -> Bool {
    var ready: [(collect: Collect, path: String)] = []
    var rest: [Waiting] = []
    for var waiting in waiting {
      let isBlocked = certain && waiting.missing.map { expander.definitions[$0] == nil } == true
      let decision = isBlocked ? .nothing : decide(waiting.collect)
      if case .path(let path, let isCertain) = decision, isCertain || !certain {
        ready.append((waiting.collect, path))
        continue
      }
      if case .unresolved(let problem) = decision { waiting.missing = problem.missing }
      rest.append(waiting)
    }
    waiting = rest
    done += ready
    for (collect, path) in ready { problems += read(path, for: collect.place) }
    return !ready.isEmpty
  }

  private func decide(_ collect: Collect) -> Decision {
    do throws(FlexDataError) {
      return try expander.run { () throws(FlexDataError) in try decision(on: collect) }
    } catch {
      guard let problem = error.problems.first else { return .nothing }
      return .unresolved(problem.through(way(to: parent(collect.place))))
    }
  }

  private func decision(on collect: Collect) throws(FlexDataError) -> Decision {
    var isCertain = true
    if let condition = collect.condition {
      let holds = try expander.holds(condition)
      guard holds.value else { return .nothing }
      isCertain = holds.isCertain
    }
    let path = try expander.expand(collect.path, section: collect.section, at: collect.place)
    guard let name = path.value, !name.isEmpty else { return .nothing }
    let resolved = Path.resolve(name, from: collect.place.source.directory)
    return .path(resolved, isCertain: isCertain && path.isCertain)
  }

  /// The problem of a collect that depended on something undefined that was defined later.
  private func stale(_ collect: Collect, _ path: String) -> Problem? {
    if case .path(path, _) = decide(collect) { return nil }
    return Problem(
      message: "\(path) was collected, but later definitions change its path or condition",
      place: collect.place,
      hint: "make it depend only on earlier definitions",
      chain: way(to: parent(collect.place)))
  }

  /// The collect of the file that contains a place.
  private func parent(_ place: Place?) -> Place? { place.flatMap { files[$0.file] ?? nil } }

  /// The chain of collects that led to a file, the nearest first.
  private func way(to place: Place?) -> [Problem.Step] {
    var steps: [Problem.Step] = []
    var next = place
    while let place = next {
      steps.append(.file(place))
      next = parent(place)
    }
    return steps
  }
}
