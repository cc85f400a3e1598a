import LinuxSystem
import CLibXML2

/// Writes an XML document into memory with libxml2.
struct XMLTextWriter: ~Copyable {
  private let buffer: XMLBuffer
  private let raw: xmlTextWriterPtr

  private init() throws(MirrorError) {
    let buffer = try XMLBuffer()
    guard let raw = xmlNewTextWriterMemory(buffer.raw, 0) else { throw Self.fault }
    self.buffer = buffer
    self.raw = raw
  }

  // The writer flushes into the buffer, which is freed after it.
  deinit { xmlFreeTextWriter(raw) }

  /// The bytes of a UTF-8 document written by `content`, indented by two spaces.
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

  /// Writes an element with its attributes; `content` writes its content.
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

  /// Writes an element that contains text.
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

/// A growing buffer of libxml2.
private struct XMLBuffer: ~Copyable {
  let raw: xmlBufferPtr

  init() throws(MirrorError) {
    // Encodings are initialized at first use, which is not thread-safe; this call is.
    xmlInitParser()
    guard let raw = xmlBufferCreate() else { throw XMLTextWriter.fault }
    self.raw = raw
  }

  deinit { xmlBufferFree(raw) }

  var bytes: [UInt8] {
    Array(UnsafeBufferPointer(start: xmlBufferContent(raw), count: Int(max(0, xmlBufferLength(raw)))))
  }
}
