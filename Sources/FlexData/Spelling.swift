/// Suggestions for misspelled names.
public enum Spelling {
  /// The other known name with the smallest distance, if that is small; of equal ones the first.
  public static func nearest(to name: String, in known: some Sequence<String>) -> String? {
    // A short name is similar to any other, and a long one takes time quadratic in its length.
    guard (3..<200).contains(name.utf8.count) else { return nil }
    let limit = max(1, min(3, name.utf8.count / 4))
    var best: (distance: Int, name: String)?
    for candidate in known where candidate != name && abs(candidate.utf8.count - name.utf8.count) <= limit {
      let distance = distance(Array(name.utf8), Array(candidate.utf8))
      if distance <= limit, (distance, candidate) < best.map({ ($0.distance, $0.name) }) ?? (.max, "") {
        best = (distance, candidate)
      }
    }
    return best?.name
  }

  /// Number of insertions, deletions, replacements and swaps of neighbours that turn one into the other.
  private static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var rows = [Array(0...other.count)]
    for i in 0..<one.count {
      var row = [i + 1]
      for j in 0..<other.count {
        let replaced = rows[i][j] + (one[i] == other[j] ? 0 : 1)
        var best = min(replaced, rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] {
          best = min(best, rows[i - 1][j - 1] + 1)
        }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[one.count][other.count]
  }
}
