public import LinuxSystem

/// Writes the index in Metro's format, with additional attributes.
public enum XMLIndexWriter {
  /// The bytes of `index.xml`; equal indexes give equal bytes.
  public static func bytes(_ index: IndexDocument) throws(MirrorError) -> [UInt8] {
    try XMLTextWriter.document { writer throws(MirrorError) in
      try writer.element("subarches") { () throws(MirrorError) in
        for subarch in index.subarches {
          try writer.element("subarch", subarch.attributes) { () throws(MirrorError) in
            for build in subarch.builds { try writer.element("build", build.attributes) }
          }
        }
      }
    }
  }
}
