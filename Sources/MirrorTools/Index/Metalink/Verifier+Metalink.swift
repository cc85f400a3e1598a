extension Verifier {
  /// Creates a verifier for one mirror that parses metalinks as this library writes them.
  init(_ context: DigestContext) {
    self.init(context) { Metalink(reading: $0)?.claim }
  }
}
