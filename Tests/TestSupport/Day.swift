public import MirrorModel

/// The day that `text` names, which must be one.
public func day(_ text: String) -> CalendarDate {
  guard let date = CalendarDate(text.utf8) else { preconditionFailure("\(text) is no date") }
  return date
}
