/// A size for people: `1.5 GiB`.
package func humanBytes(_ bytes: Int64) -> String {
  var value = Double(bytes)
  for unit in ["B", "KiB", "MiB", "GiB"] {
    if value < 1024 { return unit == "B" ? "\(bytes) B" : "\(rounded(value)) \(unit)" }
    value /= 1024
  }
  return "\(rounded(value)) TiB"
}

/// A duration for people: `0.4 s`, `12 s`, `1 h 5 min`.
package func humanSeconds(_ seconds: Double) -> String {
  if seconds < 60 { return "\(rounded(seconds)) s" }
  let minutes = Int(min(seconds / 60, 1e9))
  return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
}

/// With one decimal below 10.
private func rounded(_ value: Double) -> String {
  let isSmall = value < 9.95
  let number = Int(exactly: (isSmall ? value * 10 : value).rounded()) ?? 0
  return isSmall ? "\(number / 10).\(number % 10)" : "\(number)"
}
