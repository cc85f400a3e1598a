import CLibXML2

/// Reads an XML document piece by piece with libxml2.
enum XMLTextReader {
  /// A part of the document, in document order.
  enum Piece {
    /// Start of an element.
    case begin(name: String, namespace: String?, attributes: [String: String])
    /// A part of the text in an element.
    case text(String)
    /// End of an element.
    case end
  }

  /// Passes on the pieces of a document; returns false if it is not well-formed, after the pieces before the
  /// error.
  ///
  /// No other files are read, no entities of the document are expanded, and error messages are discarded.
  static func read(_ bytes: [UInt8], _ take: (Piece) -> Void) -> Bool {
    guard let count = Int32(exactly: bytes.count) else { return false }
    // Encodings are initialized at first use, which is not thread-safe; this call is.
    xmlInitParser()
    let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
    return bytes.withUnsafeBytes { buffer in
      let text = buffer.bindMemory(to: CChar.self).baseAddress
      guard let reader = xmlReaderForMemory(text, count, nil, "UTF-8", Int32(options)) else { return false }
      defer { xmlFreeTextReader(reader) }
      var result = xmlTextReaderRead(reader)
      while result == 1 {
        hand(reader, to: take)
        result = xmlTextReaderRead(reader)
      }
      return result == 0
    }
  }

  private static func hand(_ reader: xmlTextReaderPtr, to take: (Piece) -> Void) {
    switch xmlTextReaderNodeType(reader) {
    case Int32(XML_READER_TYPE_ELEMENT.rawValue):
      let isEmpty = xmlTextReaderIsEmptyElement(reader) != 0
      take(
        .begin(
          name: string(xmlTextReaderConstLocalName(reader)) ?? "",
          namespace: string(xmlTextReaderConstNamespaceUri(reader)), attributes: attributes(reader)))
      if isEmpty { take(.end) }
    case Int32(XML_READER_TYPE_TEXT.rawValue), Int32(XML_READER_TYPE_CDATA.rawValue):
      take(.text(string(xmlTextReaderConstValue(reader)) ?? ""))
    case Int32(XML_READER_TYPE_END_ELEMENT.rawValue): take(.end)
    default: break
    }
  }

  private static func attributes(_ reader: xmlTextReaderPtr) -> [String: String] {
    var attributes: [String: String] = [:]
    while xmlTextReaderMoveToNextAttribute(reader) == 1 {
      guard let name = string(xmlTextReaderConstName(reader)) else { continue }
      attributes[name] = string(xmlTextReaderConstValue(reader))
    }
    xmlTextReaderMoveToElement(reader)
    return attributes
  }

  private static func string(_ text: UnsafePointer<xmlChar>?) -> String? { text.map(String.init(cString:)) }
}
