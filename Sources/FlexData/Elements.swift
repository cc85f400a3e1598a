/// What all collected texts define, and what it expands to.
///
/// Not for several threads at once.
public final class Elements {
  private let expander: Expander
  private var collector: Collector

  /// Nothing is defined yet.
  public init(_ host: HostAccess) {
    expander = Expander(host)
    collector = Collector(expander)
  }

  /// Defines elements over whatever texts say of them; `origin` stands for a file in messages.
  ///
  /// - Throws: where a name or a value could not stand in a text.
  public func define(_ pairs: [(name: String, value: String)], origin: String) throws(FlexDataError) {
    for (name, value) in pairs {
      let source = Source(name: origin, text: "\(name): \(value)")
      let start = Place(source: source, line: 1, column: 1)
      guard !name.isEmpty, ElementName.flaw(in: name[...]) == nil else {
        throw FlexDataError("`\(name)` is no name of an element", at: start, hint: "write `NAME: VALUE`")
      }
      guard source.lines.count == 1 else {
        throw FlexDataError("this value has several lines", at: start, hint: "define it in a file")
      }
      let line = Line(source: source, number: 1)
      let text = line.text.dropFirst(name.count + 1).trimmed
      collector.fix(
        Definition(name: name, value: .line(text, line.place(of: text)), place: start))
    }
  }

  /// Reads a file and all that it collects, in whatever order references allow.
  ///
  /// - Parameter tolerant: whether what cannot be resolved is left out, rather than an error.
  /// - Returns: what was left out because it cannot be resolved.
  /// - Throws: all that is wrong with any file.
  @discardableResult
  public func collect(_ path: String, tolerant: Bool = false) throws(FlexDataError) -> [Problem] {
    try collect([path], tolerant: tolerant)
  }

  /// Reads files and all that they collect, as one.
  @discardableResult
  public func collect(_ paths: [String], tolerant: Bool = false) throws(FlexDataError) -> [Problem] {
    var problems: [Problem] = []
    for path in paths { problems += collector.read(Path.resolve(path, from: "."), for: nil) }
    let unresolved = collector.run(&problems)
    if !tolerant { problems += unresolved }
    guard problems.isEmpty else { throw FlexDataError(problems) }
    return unresolved
  }

  /// The names of all elements that are defined, sorted; also where it cannot be told which definition counts.
  public var names: [String] {
    expander.definitions.keys.filter { name in
      do throws(FlexDataError) { return try definition(of: name) != nil } catch { return true }
    }.sorted()
  }

  /// The defined name that someone may have meant.
  public func nearest(to name: String) -> String? {
    Spelling.nearest(to: name, in: expander.definitions.keys)
  }

  /// Where an element is defined; nil if it is not.
  public func place(of name: String) throws(FlexDataError) -> Place? { try definition(of: name)?.place }

  /// An element's text in one line; nil if it is undefined, or vanishes by `:zap`.
  public func text(_ name: String) throws(FlexDataError) -> String? {
    guard let definition = try definition(of: name) else { return nil }
    return try expander.run { () throws(FlexDataError) in
      try expander.text(of: definition, isLax: false).value
    }
  }

  /// An element's lines; nil if it is undefined. A single-line element has one, or none if it vanishes.
  public func lines(_ name: String) throws(FlexDataError) -> [String]? {
    guard let definition = try definition(of: name) else { return nil }
    return try expander.run { () throws(FlexDataError) in
      try expander.lines(of: definition, isLax: false).value
    }
  }

  /// Whether an element is one of several lines.
  public func isMultiline(_ name: String) throws(FlexDataError) -> Bool {
    try definition(of: name)?.isMultiline ?? false
  }

  private func definition(of name: String) throws(FlexDataError) -> Definition? {
    try expander.run { () throws(FlexDataError) in try expander.definition(of: name).value }
  }
}
