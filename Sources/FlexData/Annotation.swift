/// A line in square brackets.
enum Annotation {
  /// `[section NAME]` or `[section NAME when CONDITION]`.
  case section(String, Condition?)
  /// `[when CONDITION]`; nil for `[when *]`.
  case when(Condition?)
  /// `[option parse/lax]` and the like.
  case option(Option)
  /// `[collect PATH]` or `[collect PATH when CONDITION]`; places of the path and of `when`.
  case collect(Substring, Place, Condition?, when: Place?)

  /// An option that applies to the definitions that follow.
  enum Option {
    /// `parse/lax` or `parse/strict`: whether references to undefined elements are allowed.
    case lax(Bool)
    /// `define/default` or `define/own`: whether they only count if there are no others.
    case `default`(Bool)
  }

  init(_ line: Line) throws(FlexDataError) {
    let known = "use section, when, option or collect"
    let words = Word.split(line.text, comments: true)
    guard let first = words.first, let last = words.last, last.utf8.last == UInt8(ascii: "]") else {
      throw FlexDataError(
        "`[` is not closed", at: line.place(at: words.first?.startIndex ?? line.text.startIndex),
        hint: "end the line with `]`")
    }
    // The brackets may be separate words or touch their contents.
    let inner = line.text.utf8[first.startIndex..<last.endIndex].dropFirst().dropLast()
    let parts = Word.split(Substring(inner), comments: false)
    guard let kind = parts.first else {
      throw FlexDataError("the brackets are empty", at: line.place(of: first), hint: known)
    }
    let reader = AnnotationReader(line: line, kind: kind, parts: parts.dropFirst())
    switch kind {
    case "section": self = try reader.section()
    case "when": self = .when(try reader.condition(reader.parts, after: kind))
    case "option": self = try reader.option()
    case "collect": self = try reader.collect()
    default: throw FlexDataError("`\(kind)` is not an annotation", at: line.place(of: kind), hint: known)
    }
  }
}
