extension Verifier {
  /// Works within a run; metalinks are read as this library writes them.
  public init(_ run: DigestRun) {
    self.init(run) { Metalink(reading: $0)?.claim }
  }
}
