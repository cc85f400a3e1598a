import FoundationEssentials
package import LinuxSystem

/// JSON for files that are signed and compared.
package enum StableJSON {
  /// Equal content gives equal bytes.
  package static func bytes(_ content: some Encodable) throws(MirrorError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do { return printableJSON(Array(try encoder.encode(content))) + [UInt8(ascii: "\n")] } catch {
      throw MirrorError(.library, "a document", "cannot be written as JSON: \(error)")
    }
  }
}
