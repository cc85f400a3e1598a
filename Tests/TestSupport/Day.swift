public import MirrorModel

/// The version in `text`, which must be valid.
public func day(_ text: String) -> VersionDate {
  guard let date = VersionDate(text.utf8) else { preconditionFailure("'\(text)' is not a version") }
  return date
}

/// The date in `text`, which must be valid.
public func day(_ text: String) -> CalendarDate {
  guard let date = CalendarDate(text.utf8) else { preconditionFailure("'\(text)' is not a date") }
  return date
}
