extension Verifier {
  /// Works on one mirror; metalinks are read as this library writes them.
  init(_ context: DigestContext) {
    self.init(context) { Metalink(reading: $0)?.claim }
  }
}
