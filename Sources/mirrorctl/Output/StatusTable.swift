import LinuxSystem
import MirrorModel
import MirrorTools

/// The state of a mirror for a person at a terminal.
struct StatusTable {
  let report: StatusReport
  let settings: RotationSettings
  /// The tarballs that do not match their digests.
  let corrupt: [MirrorPath]

  private static let columns: [TextTable.Column] = [
    .init(title: "STATE"), .init(title: "AGE", isNumber: true), .init(title: "NEWEST", rank: 1),
    .init(title: "SIZE", isNumber: true, rank: 2), .init(title: "SUBARCH", cut: .start),
    .init(title: "ARTIFACTS", rank: 3, cut: .end),
  ]

  /// One line per subarch, in the order of the report.
  func lines(on screen: Screen) -> [String] {
    guard !report.subarches.isEmpty else { return ["no subarches yet"] }
    return TextTable(columns: Self.columns, rows: report.subarches.map(row)).lines(on: screen)
  }

  private func row(_ subarch: SubarchStatus) -> [TextTable.Cell] {
    let state = SubarchState(
      subarch, settings, isCorrupt: corrupt.contains { $0.isWithin(subarch.path) },
      isBuilding: report.farm.contains { $0.isRunning && $0.subarch == "\(subarch.path)" })
    return [
      .init(state.text, style: state.style), .init(subarch.ageDays.map { "\($0) d" } ?? "-"),
      .init(subarch.date?.description ?? "-"), .init(subarch.bytes > 0 ? humanBytes(subarch.bytes) : "-"),
      .init("\(subarch.path)"), .init(subarch.variants + subarch.remarks),
    ]
  }
}

extension SubarchState {
  fileprivate var text: String {
    switch self {
    case .corrupt: "corrupt"
    case .building: "building"
    case .givenUp: "given up"
    case .failing(let count): "failing \(count)×"
    case .neverBuilt: "never built"
    case .stale: "stale"
    case .healthy: "healthy"
    }
  }

  /// Red for what needs somebody, yellow for what may, as parameters of SGR.
  fileprivate var style: String {
    switch self {
    case .corrupt, .givenUp: "1;31"
    case .failing: "31"
    case .stale, .neverBuilt: "33"
    case .building: "36"
    case .healthy: "32"
    }
  }
}
