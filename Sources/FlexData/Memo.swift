/// Results that are already known.
struct Memo<Key: Hashable, Value> {
  private var certain: [Key: Value] = [:]
  private var provisional: [Key: Value] = [:]

  subscript(key: Key) -> Known<Value>? {
    get {
      if let value = certain[key] { return Known(value: value) }
      return provisional[key].map { Known(value: $0, isCertain: false) }
    }
    set {
      guard let newValue else { return }
      if newValue.isCertain { certain[key] = newValue.value } else { provisional[key] = newValue.value }
    }
  }

  /// Discards results that another definition may change.
  mutating func forgetProvisional() { provisional.removeAll() }
}
