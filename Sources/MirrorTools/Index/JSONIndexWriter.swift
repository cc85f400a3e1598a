public import LinuxSystem
import FoundationEssentials

/// Writes an index as JSON.
public enum JSONIndexWriter {
  /// The bytes of `index.json`, or of another index; equal content gives equal bytes.
  public static func bytes(_ index: some Encodable) throws(MirrorError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do { return printableJSON(Array(try encoder.encode(index))) + [UInt8(ascii: "\n")] } catch {
      throw MirrorError(.library, "index", "cannot be written as JSON: \(error)")
    }
  }
}
