public import LinuxSystem

/// Writes the index in Metro's format, with attributes of ours added.
public enum XMLIndexWriter {
  /// The bytes of `index.xml`: the same for the same index.
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
