/// A line in brackets.
enum Annotation {
  /// `[section NAME]` or `[section NAME when CONDITION]`.
  case section(String, Condition?)
  /// `[when CONDITION]`; nil for `[when *]`.
  case when(Condition?)
  /// `[option parse/lax]` and the like.
  case option(Option)
  /// `[collect PATH]` or `[collect PATH when CONDITION]`; places of the path and of `when`.
  case collect(Substring, Place, Condition?, when: Place?)

  /// What holds for the definitions that follow.
  enum Option {
    /// `parse/lax` or `parse/strict`: whether what they refer to may be undefined.
    case lax(Bool)
    /// `define/default` or `define/own`: whether they count only where no others do.
    case `default`(Bool)
  }

  init(_ line: Line) throws(FlexDataError) {
    let known = "there are section, when, option and collect"
    let words = Word.split(line.text, comments: true)
    guard let first = words.first, let last = words.last, last.utf8.last == UInt8(ascii: "]") else {
      throw FlexDataError(
        "`[` is not closed", at: line.place(at: words.first?.startIndex ?? line.text.startIndex),
        hint: "end the line by `]`")
    }
    // The brackets may stand alone or touch what they hold.
    let inner = line.text.utf8[first.startIndex..<last.endIndex].dropFirst().dropLast()
    let parts = Word.split(Substring(inner), comments: false)
    guard let kind = parts.first else {
      throw FlexDataError("this says nothing", at: line.place(of: first), hint: known)
    }
    let reader = AnnotationReader(line: line, kind: kind, parts: parts.dropFirst())
    switch kind {
    case "section": self = try reader.section()
    case "when": self = .when(try reader.condition(reader.parts, after: kind))
    case "option": self = try reader.option()
    case "collect": self = try reader.collect()
    default: throw FlexDataError("`\(kind)` is no annotation", at: line.place(of: kind), hint: known)
    }
  }
}
