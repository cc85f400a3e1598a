import LinuxSystem
import MirrorModel

/// `Packages`: Portage's index of a tree of binary packages.
///
/// A header and one stanza per package, each a list of `KEY: VALUE` lines that ends with a blank line. Keys that are
/// not known are dropped from packages, as Portage does, and are kept in the header.
struct PackagesIndex: Hashable, Sendable {
  /// The names of the file and of its compressed copy.
  static let (fileName, compressedName): (FileName, FileName) = ("Packages", "Packages.gz")
  /// The maximum size that is read, in bytes.
  static let largest = 256 << 20

  /// Settings for clients, by key.
  var header: [String: String] = [:]
  /// In the order of the file.
  var entries: [PackageEntry] = []

  /// Names that differ in the file: those used here, by those in the file.
  private static let renamed = ["DESC": "DESCRIPTION", "MTIME": "_mtime_", "REPO": "repository"]
  private static let written = Dictionary(uniqueKeysWithValues: renamed.map { ($1, $0) })
  /// Keys that packages without them take from the header.
  private static let inherited = ["CHOST", "repository"]

  /// An index without packages.
  init() {}

  /// Parses a file; nil if it has no header with a supported version.
  init?(_ bytes: [UInt8]) {
    var stanza: [String: String] = [:]
    var isHeader = true
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      guard !line.isEmpty else {
        if isHeader {
          header = stanza
          isHeader = false
        } else if !stanza.isEmpty {
          add(stanza)
        }
        stanza = [:]
        continue
      }
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let value = line[(colon + 1)...].dropFirst()
      let name = String(decoding: line[..<colon], as: UTF8.self)
      let key = Self.renamed[name] ?? name
      guard isHeader || PackageEntry.allowed.contains(key) else { continue }
      stanza[key] = String(decoding: value, as: UTF8.self)
    }
    if isHeader { header = stanza } else if !stanza.isEmpty { add(stanza) }
    guard header["VERSION"].flatMap({ Int($0) }).map({ $0 <= 0 }) ?? false else { return nil }
  }

  private mutating func add(_ stanza: [String: String]) {
    guard stanza["CPV"]?.isEmpty == false else { return }
    var entry = PackageEntry(fields: stanza)
    for key in Self.inherited where entry[key].isEmpty { entry[key] = header[key] ?? "" }
    entries.append(entry)
  }

  /// The text of the file.
  var text: [UInt8] {
    var (header, text) = (header, [UInt8]())
    header["PACKAGES"] = "\(entries.count)"
    header["VERSION"] = header["VERSION"] ?? "0"
    Self.write(header, to: &text)
    for entry in entries.sorted(by: { ($0.cpv.unicodeScalars, $0.path) < ($1.cpv.unicodeScalars, $1.path) }) {
      var fields = entry.fields
      for key in Self.inherited where !(header[key] ?? "").isEmpty && header[key] == fields[key] {
        fields[key] = nil
      }
      for (key, usual) in PackageEntry.defaults where fields[key] == usual { fields[key] = nil }
      Self.write(fields, to: &text)
    }
    return text
  }

  private static func write(_ fields: [String: String], to text: inout [UInt8]) {
    for key in fields.keys.sorted(by: { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }) {
      guard let value = fields[key], !value.isEmpty else { continue }
      text += Array("\(written[key] ?? key): \(value)\n".utf8)
    }
    text.append(UInt8(ascii: "\n"))
  }

  /// When the index was written, in seconds since the epoch; clients use it to find changes.
  var timestamp: Int64? { header["TIMESTAMP"].flatMap { Int64($0) } }
}

/// Orders pairs of scalars and a path.
private func < (
  left: (String.UnicodeScalarView, MirrorPath), right: (String.UnicodeScalarView, MirrorPath)
) -> Bool {
  if left.0.elementsEqual(right.0) { return left.1 < right.1 }
  return left.0.lexicographicallyPrecedes(right.0)
}
