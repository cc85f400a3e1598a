/// A result, and whether it is certain regardless of later definitions.
struct Known<Value> {
  var value: Value
  var isCertain = true

  /// Combines it with the certainty of another result that it depends on.
  func and(_ isCertain: Bool) -> Known { Known(value: value, isCertain: self.isCertain && isCertain) }
}
