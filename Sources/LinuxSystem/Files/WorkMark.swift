import CLinux
import Glibc
import SystemPackage

/// The contents of the lock file beside a work directory: which process created which directory.
///
/// It is beside the directory, where no step in the root can reach it, and identifies the directory by inode
/// and birth time: another directory with the same name does not match.
struct WorkMark: Hashable {
  /// The first line: distinguishes our locks from other files with such a name.
  private static let title = "mirrorctl work directory"

  /// The process that works in the directory.
  let pid: Int32
  /// The directory; nil in locks of version 0.1, and before it is made.
  let directory: Directory?
  /// No longer lock file is read: a kept one contains a record too.
  static let limit = 16 << 20

  /// Whether it is kept after its run.
  var isKept = false

  /// A directory on the lock's file system.
  struct Directory: Hashable {
    let inode: UInt64
    /// Nanoseconds since the epoch; 0 if the file system does not record it.
    let birth: Int64
  }

  init(pid: Int32, directory: Directory? = nil, isKept: Bool = false) {
    self.pid = pid
    self.directory = directory
    self.isKept = isKept
  }

  /// Parses the text of a lock file; nil if it is not ours.
  init?(_ text: [UInt8]) {
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    guard lines.first == Substring(Self.title) else { return nil }
    let words = lines.dropFirst().map { $0.split(separator: " ") }
    pid = words.first?.first.flatMap { Int32($0) } ?? 0
    isKept = words.count > 2 && words[2].first == "kept"
    guard words.count > 1, words[1].count == 2, let inode = UInt64(words[1][0]),
      let birth = Int64(words[1][1])
    else {
      directory = nil
      return
    }
    directory = Directory(inode: inode, birth: birth)
  }

  /// The text of a lock file. Its length is constant, so that one write replaces another completely.
  var text: [UInt8] {
    func padded(_ number: some BinaryInteger, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - String(number).count)) + String(number)
    }
    return Array(
      """
      \(Self.title)
      \(padded(pid, 10))
      \(padded(directory?.inode ?? 0, 20)) \(padded(directory?.birth ?? 0, 20))
      \(isKept ? "kept" : "work")

      """.utf8)
  }

  /// The mark in the lock file for a name; nil if there is none.
  static func beside(_ work: FileName, in parent: borrowing AnchoredDirectory) throws(MirrorError)
    -> WorkMark?
  {
    let name = work.appending(".lock")
    guard let status = try parent.status(of: name) else { return nil }
    try checkOwn(status, parent.displayed(name))
    guard let text = try parent.contents(of: MirrorPath(bytes: name.bytes), limit: limit),
      text.isEmpty || WorkMark(text) != nil
    else { throw strange(parent.displayed(name)) }
    return WorkMark(text)
  }

  /// Whether a lock file may be ours. With a second name it may be another file of this user, linked here.
  static func isOwn(_ status: FileStatus) -> Bool {
    status.kind == .regular && status.uid == geteuid() && status.links <= 1
  }

  /// Throws if a lock file cannot be ours.
  static func checkOwn(_ status: FileStatus, _ path: String) throws(MirrorError) {
    guard !isOwn(status) else { return }
    guard status.kind == .regular, status.uid != geteuid() else { throw strange(path) }
    throw MirrorError(
      .refused, path, "belongs to \(Account.name(of: status.uid))",
      remedy: "remove it, or set path/work to another directory")
  }

  static func strange(_ path: String) -> MirrorError {
    MirrorError(
      .refused, path, "was not created by mirrorctl",
      remedy: "remove it if it is not needed, or set path/work to another directory")
  }

  /// Whether the directory with that name is the marked one.
  func isOf(_ name: FileName, in parent: borrowing AnchoredDirectory) -> Bool {
    directory != nil && directory == Directory(name, in: parent)
  }
}

extension WorkMark.Directory {
  /// The directory with a name; nil if there is none.
  init?(_ name: FileName, in parent: borrowing AnchoredDirectory) {
    var place = clinux_place()
    guard name.withCString({ clinux_place(parent.descriptor.raw, $0, &place) }) == 0, place.is_directory != 0
    else {
      return nil
    }
    self.init(inode: place.inode, birth: place.birth)
  }
}
