import FoundationEssentials

/// Writes the index as JSON.
public enum JSONIndexWriter {
  /// The bytes of `index.json`: the same for the same index.
  public static func bytes(_ index: IndexDocument) throws(MirrorError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do { return Array(try encoder.encode(index)) + [UInt8(ascii: "\n")] } catch {
      throw MirrorError(.library, "index.json", "cannot be written as JSON: \(error)")
    }
  }
}
