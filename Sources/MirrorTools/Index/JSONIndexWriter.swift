public import LinuxSystem

/// Writes an index as JSON.
public enum JSONIndexWriter {
  /// The bytes of `index.json`, or of another index; equal content gives equal bytes.
  public static func bytes(_ index: some Encodable) throws(MirrorError) -> [UInt8] {
    try StableJSON.bytes(index)
  }
}
