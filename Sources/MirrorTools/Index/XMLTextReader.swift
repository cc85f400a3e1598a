import CLibXML2

/// A document that libxml2 reads piece by piece.
enum XMLTextReader {
  /// What stands in it, in order.
  enum Piece {
    /// An element begins.
    case begin(name: String, namespace: String?, attributes: [String: String])
    /// A part of the text inside.
    case text(String)
    /// An element ends.
    case end
  }

  /// Hands over a document's pieces; false if it is not well-formed, after what came before the fault.
  ///
  /// Nothing elsewhere is read, no entity of the document's own is followed, and faults go nowhere.
  static func read(_ bytes: [UInt8], _ take: (Piece) -> Void) -> Bool {
    guard let count = Int32(exactly: bytes.count) else { return false }
    // Encodings are set up at first use, which is safe on one thread only; this is safe on any.
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
