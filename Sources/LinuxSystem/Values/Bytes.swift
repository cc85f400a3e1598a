import Glibc

extension UnsafeRawBufferPointer {
  /// Whether both contain the same bytes.
  package func hasBytes(of other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    guard let left = baseAddress, let right = other.baseAddress else { return true }
    return memcmp(left, right, count) == 0
  }
}

extension String {
  /// The text if it has at most `limit` bytes, or else its beginning and `…`.
  package func cut(to limit: Int) -> String {
    guard utf8.count > limit else { return self }
    let mark = "…"
    var size = mark.utf8.count
    let kept = unicodeScalars.prefix { scalar in
      size += UTF8.width(scalar)
      return size <= limit
    }
    return String(kept) + mark
  }
}
