import CLibXML2

extension Metalink {
  /// Bytes of a `.meta4` that is read.
  static let sizeLimit = 4 << 20

  /// What the first file of a metalink is said to be, without signature and addresses; nil if it is none, or says
  /// no size and SHA-256. Pieces that are not whole or not SHA-256 count as none.
  init?(reading bytes: [UInt8]) {
    guard bytes.count <= Self.sizeLimit, let parts = bytes.withUnsafeBufferPointer(MetalinkParts.init(of:)),
      let name = parts.name, let size = parts.size, let sha256 = parts.hashes["sha-256"]
    else { return nil }
    self.init(
      name: name, size: size, sha256: sha256, sha512: parts.hashes["sha-512"],
      pieces: parts.pieces ?? Pieces(length: Pieces.length(for: size)))
  }
}

/// What stands in the elements of a metalink.
private struct MetalinkParts {
  var name: String?
  var size: Int64?
  var hashes: [String: String] = [:]
  var pieces: Metalink.Pieces?
  private var path: [String] = []
  private var type: String?
  private var text = ""

  /// nil if it is not well-formed.
  init?(of bytes: UnsafeBufferPointer<UInt8>) {
    // Encodings are set up at first use, which is safe on one thread only; this is safe on any.
    xmlInitParser()
    // Neither entities nor anything elsewhere is read, and errors go nowhere.
    let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
    guard
      let reader = bytes.baseAddress?.withMemoryRebound(
        to: CChar.self, capacity: bytes.count,
        { xmlReaderForMemory($0, Int32(bytes.count), nil, "UTF-8", Int32(options)) })
    else { return nil }
    defer { xmlFreeTextReader(reader) }
    var result = xmlTextReaderRead(reader)
    while result == 1 {
      take(reader)
      result = xmlTextReaderRead(reader)
    }
    guard result == 0 else { return nil }
  }

  private mutating func take(_ reader: xmlTextReaderPtr) {
    switch xmlTextReaderNodeType(reader) {
    case Int32(XML_READER_TYPE_ELEMENT.rawValue):
      guard xmlTextReaderIsEmptyElement(reader) == 0 else { return }
      let isOurs = Self.string(xmlTextReaderConstNamespaceUri(reader)) == Metalink.namespace
      path.append(isOurs ? Self.string(xmlTextReaderConstLocalName(reader)) ?? "" : "")
      text = ""
      begin(Self.attributes(reader))
    case Int32(XML_READER_TYPE_TEXT.rawValue), Int32(XML_READER_TYPE_CDATA.rawValue):
      text += Self.string(xmlTextReaderConstValue(reader)) ?? ""
    case Int32(XML_READER_TYPE_END_ELEMENT.rawValue):
      end()
      path.removeLast()
      text = ""
    default: break
    }
  }

  private mutating func begin(_ attributes: [String: String]) {
    switch path {
    case ["metalink", "file"]: if name == nil { name = attributes["name"] }
    case ["metalink", "file", "hash"]: type = attributes["type"]
    case ["metalink", "file", "pieces"]:
      let length = attributes["length"].flatMap { Int64($0) }
      if pieces == nil, attributes["type"] == "sha-256", let length, length > 0 {
        pieces = Metalink.Pieces(length: length)
      }
    default: break
    }
  }

  private mutating func end() {
    switch path {
    case ["metalink", "file", "size"]: if size == nil { size = Int64(text) }
    case ["metalink", "file", "hash"]:
      if let type, hashes[type] == nil { hashes[type] = text.lowercased() }
    case ["metalink", "file", "pieces", "hash"]:
      guard let digest = SidecarText.digest(Array(text.utf8)[...], .sha256)?[.sha256] else { return }
      pieces?.digests += digest
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
