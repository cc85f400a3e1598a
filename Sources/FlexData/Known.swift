/// A result, and whether it holds whatever else will be defined.
struct Known<Value> {
  var value: Value
  var isCertain = true

  /// A result that this one depends on too.
  func and(_ isCertain: Bool) -> Known { Known(value: value, isCertain: self.isCertain && isCertain) }
}
