/// The elements defined by all collected texts, and their expansion.
///
/// Not thread-safe.
public final class Elements {
  private let expander: Expander
  private var collector: Collector
  /// Names that are read as if nothing defined them; references to them still work.
  public var omitted: Set<String> = []

  /// Without any definitions.
  public init(_ host: HostAccess) {
    expander = Expander(host)
    collector = Collector(expander)
  }

  /// Defines elements, overriding definitions in texts; `origin` replaces the file name in messages.
  ///
  /// - Throws: when a name or a value would not be valid in a text.
  public func define(_ pairs: [(name: String, value: String)], origin: String) throws(FlexDataError) {
    for (name, value) in pairs {
      let source = Source(name: origin, text: "\(name): \(value)")
      let start = Place(source: source, line: 1, column: 1)
      guard !name.isEmpty, ElementName.flaw(in: name[...]) == nil else {
        throw FlexDataError("`\(name)` is not the name of an element", at: start, hint: "write `NAME: VALUE`")
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

  /// Reads a file and everything that it collects, in whatever order references allow.
  ///
  /// - Parameter tolerant: whether to ignore what cannot be resolved instead of reporting an error.
  /// - Returns: problems of what was ignored because it cannot be resolved.
  /// - Throws: all problems in all files.
  @discardableResult
  public func collect(_ path: String, tolerant: Bool = false) throws(FlexDataError) -> [Problem] {
    try collect([path], tolerant: tolerant)
  }

  /// Reads files and everything that they collect, as if they were one file.
  @discardableResult
  public func collect(_ paths: [String], tolerant: Bool = false) throws(FlexDataError) -> [Problem] {
    var problems: [Problem] = []
    for path in paths { problems += collector.read(Path.resolve(path, from: "."), for: nil) }
    let unresolved = collector.run(&problems)
    if !tolerant { problems += unresolved }
    guard problems.isEmpty else { throw FlexDataError(problems) }
    return unresolved
  }

  /// The sorted names of all defined elements, including those with several possible definitions.
  public var names: [String] {
    expander.definitions.keys.filter { name in
      do throws(FlexDataError) { return try definition(of: name) != nil } catch { return true }
    }.sorted()
  }

  /// The sorted names of all elements below a section, whether or not their conditions hold.
  public func names(in section: String) -> [String] {
    expander.definitions.keys.filter { $0.hasPrefix("\(section)/") }.sorted()
  }

  /// The sorted values that conditions of definitions compare an element with.
  public func comparedValues(of name: String) -> [String] {
    let conditions = expander.definitions.values.flatMap { all in
      (all.own.conditional + all.fallback.conditional).compactMap(\.condition)
    }
    return Set(conditions.filter { $0.element == name }.flatMap(\.values)).sorted()
  }

  /// The defined name that is most similar.
  public func nearest(to name: String) -> String? {
    Spelling.nearest(to: name, in: expander.definitions.keys)
  }

  /// The position of an element's definition; nil if it is undefined.
  public func place(of name: String) throws(FlexDataError) -> Place? { try definition(of: name)?.place }

  /// The first line of a multi-line element, before expansion; nil for any other.
  public func opening(of name: String) throws(FlexDataError) -> Substring? {
    guard case .lines(let lines, _)? = try definition(of: name)?.value else { return nil }
    return lines.first
  }

  /// An element's text in one line; nil if it is undefined or removed by `:zap`.
  public func text(_ name: String) throws(FlexDataError) -> String? {
    guard let definition = try definition(of: name) else { return nil }
    return try expander.run { () throws(FlexDataError) in
      try expander.text(of: definition, isLax: false).value
    }
  }

  /// An element's lines; nil if it is undefined. A single-line element has one line, or none if it is
  /// removed.
  public func lines(_ name: String) throws(FlexDataError) -> [String]? {
    guard let definition = try definition(of: name) else { return nil }
    return try expander.run { () throws(FlexDataError) in
      try expander.lines(of: definition, isLax: false).value
    }
  }

  /// Expands an element without running its code, to find what is wrong with it; what depends on the output of
  /// code is not examined.
  public func check(_ name: String) throws(FlexDataError) {
    try expander.withoutCode { () throws(FlexDataError) in _ = try self.lines(name) }
  }

  /// Whether an element has several lines.
  public func isMultiline(_ name: String) throws(FlexDataError) -> Bool {
    try definition(of: name)?.isMultiline ?? false
  }

  private func definition(of name: String) throws(FlexDataError) -> Definition? {
    if omitted.contains(name) { return nil }
    return try expander.run { () throws(FlexDataError) in try expander.definition(of: name).value }
  }
}
