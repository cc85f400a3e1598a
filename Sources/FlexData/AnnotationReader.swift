/// Parses the words of an annotation.
struct AnnotationReader {
  let line: Line
  /// The first word.
  let kind: Substring
  /// The remaining words.
  let parts: ArraySlice<Substring>

  func section() throws(FlexDataError) -> Annotation {
    let name = try object("the section's name", "[section NAME]")
    try check(name)
    return .section(String(name), try ending(after: name)?.condition)
  }

  func option() throws(FlexDataError) -> Annotation {
    switch parts {
    case ["parse/lax"]: return .option(.lax(true))
    case ["parse/strict"]: return .option(.lax(false))
    case ["define/default"]: return .option(.default(true))
    case ["define/own"]: return .option(.default(false))
    default:
      throw FlexDataError(
        "unknown option", at: line.place(of: parts.first ?? kind),
        hint: "use parse/lax, parse/strict, define/default or define/own")
    }
  }

  func collect() throws(FlexDataError) -> Annotation {
    let path = try object("the file's path", "[collect PATH]")
    let ending = try ending(after: path)
    return .collect(path, line.place(of: path), ending?.condition, when: ending?.when)
  }

  private func object(_ what: String, _ form: String) throws(FlexDataError) -> Substring {
    guard let object = parts.first else {
      throw FlexDataError("\(what) is missing", at: line.place(of: kind), hint: "write `\(form)`")
    }
    return object
  }

  /// `when CONDITION`, if present.
  private func ending(after object: Substring) throws(FlexDataError) -> (when: Place, condition: Condition?)?
  {
    let rest = parts.dropFirst()
    guard let when = rest.first else { return nil }
    guard when == "when" else {
      throw FlexDataError(
        "`when` is expected after `\(object)`", at: line.place(of: when),
        hint: "write `[\(kind) \(object) when CONDITION]`")
    }
    return (line.place(of: when), try condition(rest.dropFirst(), after: when))
  }

  /// A condition; nil for `*`.
  func condition(_ parts: ArraySlice<Substring>, after when: Substring) throws(FlexDataError) -> Condition? {
    let hint = "write `x`, `x is VALUE...`, `x has WORD...` or `*`"
    guard let element = parts.first else {
      throw FlexDataError("the condition is missing", at: line.place(of: when), hint: hint)
    }
    if parts.count == 1 && element == "*" { return nil }
    try check(element)
    let rest = parts.dropFirst()
    if let word = rest.first, !["is", "in", "has"].contains(word) || rest.count == 1 {
      throw FlexDataError("this is not a condition", at: line.place(of: word), hint: hint)
    }
    return Condition(
      element: String(element), values: rest.dropFirst().map(String.init), isOfList: rest.first == "has",
      place: line.place(of: element))
  }

  private func check(_ name: Substring) throws(FlexDataError) {
    guard let bad = ElementName.flaw(in: name) else { return }
    throw FlexDataError(
      "`\(name[bad])` cannot be part of a name", at: line.place(at: bad), hint: "write an element's name")
  }
}
