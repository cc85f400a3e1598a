import MirrorModel
import LinuxSystem

/// The files that this mirror sent to a destination, as recorded in the file beside the trace there.
///
/// A name is added before its file may appear there, and removed after the file was deleted there. The record
/// decides which files may be deleted there, and which differ from those sent.
struct SentRecord: Hashable, Sendable {
  /// A file as last sent.
  struct File: Hashable, Sendable {
    /// Size in bytes.
    var size: Int64
    /// Its modification time here, in seconds since the epoch.
    var seconds: Int64
    /// Its time there if different: not every file system keeps times.
    var secondsThere: Int64?
    let sha256: [UInt8]
    /// Whether the file there may still be the previous one, which looks the same in a listing.
    var isDoubtful = false
    /// Whether it is, or was, completely in an upload.
    var isUploaded = false
  }

  /// Features that the other side does not support.
  struct Lacks: OptionSet, Hashable, Sendable {
    let rawValue: Int
    static let times = Lacks(rawValue: 1)
    static let links = Lacks(rawValue: 2)
  }

  /// Host and path of the mirror that wrote the record.
  var origin: String
  var lacks: Lacks = []
  var files: [MirrorPath: File] = [:]
  var links: Set<MirrorPath> = []

  init(origin: String) { self.origin = origin }

  /// Path of the record of a server, hidden in directory listings of web servers.
  static func path(of server: String) -> MirrorPath {
    TraceFile.path(of: server).parent.appending(FileName(".\(server).sent"))
  }

  /// Whether it contains a file or link.
  func names(_ path: MirrorPath) -> Bool { files[path] != nil || links.contains(path) }

  /// The directories of all files and links.
  var directories: Set<MirrorPath> {
    Set(directoriesOf: files.keys).union(Set(directoriesOf: links))
  }

  /// Records files about to be sent.
  mutating func begin(_ entries: [LocalEntry], to remote: RemoteListing, _ sums: [MirrorPath: [UInt8]]) {
    for entry in entries {
      guard case .file(let size, let seconds) = entry.node, let sum = sums[entry.path] else {
        links.insert(entry.path)
        continue
      }
      files[entry.path] = File(
        size: size, seconds: seconds, sha256: sum, isDoubtful: remote.nodes[entry.path] == entry.node)
    }
  }

  /// Records files that are the same on both sides, and removes those no longer there.
  mutating func settle(
    _ entries: [LocalEntry], at remote: RemoteListing, _ sums: [MirrorPath: [UInt8]]
  ) {
    let gone = files.filter { remote.nodes[$0.key] == nil && !$0.value.isUploaded }.keys
    for path in gone { files[path] = nil }
    links = links.filter { remote.nodes[$0] != nil }
    for entry in entries {
      guard case .file(let size, let seconds) = entry.node, let sum = sums[entry.path] else {
        links.insert(entry.path)
        continue
      }
      var file = File(size: size, seconds: seconds, sha256: sum)
      if case .file(_, let there) = remote.nodes[entry.path], there != seconds { file.secondsThere = there }
      files[entry.path] = file
    }
  }
}

extension SentRecord {
  private static let title = "mirrorctl-sent 1"

  /// The text of the record: one line per name, below the line of its directory.
  var text: [UInt8] {
    var text = Array("\(Self.title)\norigin \(ExactPath.encoded(Array(origin.utf8)))\n".utf8)
    if lacks.contains(.times) { text += Array("lacks times\n".utf8) }
    if lacks.contains(.links) { text += Array("lacks links\n".utf8) }
    var directory: MirrorPath?
    for path in (Array(files.keys) + links.filter { files[$0] == nil }).sorted() {
      if directory != path.parent {
        directory = path.parent
        text += Array("d \(ExactPath.encoded(path.parent.bytes))\n".utf8)
      }
      let name = ExactPath.encoded(path.name.bytes)
      guard let file = files[path] else {
        text += Array("l \(name)\n".utf8)
        continue
      }
      let there = file.secondsThere.map { "\($0)" } ?? "-"
      let marks = "-" + (file.isDoubtful ? "?" : "") + (file.isUploaded ? "u" : "")
      text += Array("f \(file.size) \(file.seconds) \(there) \(marks) \(hex(file.sha256)) \(name)\n".utf8)
    }
    return text
  }

  /// Parses a record; nil if any part of it cannot be parsed.
  init?(_ text: [UInt8]) {
    let lines = text.split(separator: UInt8(ascii: "\n"))
    guard lines.first?.elementsEqual(Self.title.utf8) == true else { return nil }
    self.init(origin: "")
    var directory = MirrorPath.root
    for line in lines.dropFirst() where !read(line.split(separator: UInt8(ascii: " ")), &directory) {
      return nil
    }
  }

  private mutating func read(_ words: [ArraySlice<UInt8>], _ directory: inout MirrorPath) -> Bool {
    func text(_ index: Int) -> String { String(decoding: words[index], as: UTF8.self) }
    func path(_ index: Int) -> MirrorPath? {
      guard let name = ExactPath.decoded(Array(words[index])), !name.contains(UInt8(ascii: "/")) else {
        return nil
      }
      let path = directory.appending(FileName(bytes: name))
      return path.isPlain ? path : nil
    }
    switch (words.first.map { String(decoding: $0, as: UTF8.self) }, words.count) {
    case ("origin", 2): origin = String(decoding: ExactPath.decoded(Array(words[1])) ?? [], as: UTF8.self)
    case ("lacks", 2): lacks.insert(text(1) == "times" ? .times : .links)
    case ("d", 1): directory = .root
    case ("d", 2):
      guard let bytes = ExactPath.decoded(Array(words[1])), MirrorPath(bytes: bytes).isPlain else {
        return false
      }
      directory = MirrorPath(bytes: bytes)
    case ("l", 2):
      guard let path = path(1) else { return false }
      links.insert(path)
    case ("f", 7):
      guard let path = path(6), let size = Int64(text(1)), let seconds = Int64(text(2)),
        let digest = SidecarText.digest(words[5], .sha256)?[.sha256]
      else { return false }
      files[path] = File(
        size: size, seconds: seconds, secondsThere: Int64(text(3)), sha256: digest,
        isDoubtful: text(4).contains("?"), isUploaded: text(4).contains("u"))
    default: return false
    }
    return true
  }
}
