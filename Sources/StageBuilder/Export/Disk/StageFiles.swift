import LinuxSystem
import SystemPackage

/// Changes files of an unpacked stage, without following links.
///
/// What is changed belongs to root, and has the time of the image.
struct StageFiles: ~Copyable {
  let tree: AnchoredDirectory
  /// In seconds since 1970.
  private let epoch: Int64
  private static let limit = 1 << 20

  init(_ tree: consuming AnchoredDirectory, epoch: Int64) {
    self.tree = tree
    self.epoch = epoch
  }

  /// Whether the stage has anything with this name, even a link.
  func has(_ path: MirrorPath) -> Bool { ((try? tree.status(at: path)) ?? nil) != nil }

  /// The text of a file; nil if it is missing.
  func text(_ path: MirrorPath) throws(MirrorError) -> String? {
    guard has(path) else { return nil }
    return try tree.contents(of: path, limit: Self.limit).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Writes a file, instead of one with the same name.
  func write(_ text: String, to path: MirrorPath) throws(MirrorError) {
    let parent = try directory(path.parent)
    try parent.unlink(path.name)
    let file = try parent.createFile(path.name)
    try attempt("write", parent.displayed(path.name)) { () throws(Errno) in
      try file.write(Array(text.utf8))
      try file.setMode(0o644)
    }
    try setTime(of: file, parent.displayed(path.name))
    try setTime(of: parent.descriptor, parent.displayed(.root))
  }

  /// Opens a directory, and creates what is missing of its path.
  @discardableResult
  func directory(_ path: MirrorPath) throws(MirrorError) -> AnchoredDirectory {
    var directory = try tree.duplicate()
    for name in path.components {
      if try directory.status(of: name) == nil {
        try directory.makeDirectory(name, mode: 0o755)
        let made = try directory.directory(name)
        try setTime(of: made.descriptor, made.displayed(.root))
        try setTime(of: directory.descriptor, directory.displayed(.root))
      }
      directory = try directory.directory(name)
    }
    return directory
  }

  private func setTime(of node: borrowing Descriptor, _ name: String) throws(MirrorError) {
    let time = epoch.multipliedReportingOverflow(by: 1_000_000_000)
    try attempt("set the time", name) { () throws(Errno) in
      try node.setTime(time.overflow ? 0 : time.partialValue)
    }
  }
}
