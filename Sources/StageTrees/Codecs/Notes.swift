/// Messages for the user, limited in number even for hostile input.
struct Notes: Hashable, Sendable {
  private static let limit = 100
  private var kept: [String] = []
  private var others = 0

  init() {}

  mutating func add(_ line: @autoclosure () -> String) {
    if kept.count < Self.limit { kept.append(line()) } else { others += 1 }
  }

  /// The lines, in order.
  var lines: [String] { kept + (others > 0 ? ["and \(others) more like these"] : []) }
}
