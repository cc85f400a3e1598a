import LinuxSystem
import CLibXML2

/// A document being written into memory by libxml2.
struct XMLTextWriter: ~Copyable {
  private let buffer: XMLBuffer
  private let raw: xmlTextWriterPtr

  private init() throws(MirrorError) {
    let buffer = try XMLBuffer()
    guard let raw = xmlNewTextWriterMemory(buffer.raw, 0) else { throw Self.fault }
    self.buffer = buffer
    self.raw = raw
  }

  // The writer flushes into the buffer, which goes after it.
  deinit { xmlFreeTextWriter(raw) }

  /// The bytes of a UTF-8 document, indented by two spaces, that `content` writes.
  static func document(
    _ content: (borrowing XMLTextWriter) throws(MirrorError) -> Void
  ) throws(MirrorError) -> [UInt8] {
    let writer = try XMLTextWriter()
    try check(xmlTextWriterSetIndent(writer.raw, 1))
    try check("  ".withXMLString { xmlTextWriterSetIndentString(writer.raw, $0) })
    try check(xmlTextWriterStartDocument(writer.raw, nil, "UTF-8", nil))
    try content(writer)
    try check(xmlTextWriterEndDocument(writer.raw))
    try check(xmlTextWriterFlush(writer.raw))
    return writer.buffer.bytes
  }

  /// Writes an element with its attributes; `content` writes what is inside.
  func element(
    _ name: String, _ attributes: [(String, String)] = [], content: () throws(MirrorError) -> Void = {}
  ) throws(MirrorError) {
    try Self.check(name.withXMLString { xmlTextWriterStartElement(raw, $0) })
    for (name, value) in attributes {
      let result = name.withXMLString { name in
        value.withXMLString { value in xmlTextWriterWriteAttribute(raw, name, value) }
      }
      try Self.check(result)
    }
    try content()
    try Self.check(xmlTextWriterEndElement(raw))
  }

  /// Writes an element that holds text.
  func element(_ name: String, _ attributes: [(String, String)] = [], text: String) throws(MirrorError) {
    try element(name, attributes) { () throws(MirrorError) in
      try Self.check(text.withXMLString { xmlTextWriterWriteString(raw, $0) })
    }
  }

  private static func check(_ result: Int32) throws(MirrorError) {
    guard result >= 0 else { throw fault }
  }

  fileprivate static var fault: MirrorError {
    MirrorError(.library, "index", "libxml2 cannot write it", remedy: "free some memory and run again")
  }
}

/// libxml2's growing buffer.
private struct XMLBuffer: ~Copyable {
  let raw: xmlBufferPtr

  init() throws(MirrorError) {
    // Encodings are set up at first use, which is safe on one thread only; this is safe on any.
    xmlInitParser()
    guard let raw = xmlBufferCreate() else { throw XMLTextWriter.fault }
    self.raw = raw
  }

  deinit { xmlBufferFree(raw) }

  var bytes: [UInt8] {
    Array(UnsafeBufferPointer(start: xmlBufferContent(raw), count: Int(max(0, xmlBufferLength(raw)))))
  }
}
