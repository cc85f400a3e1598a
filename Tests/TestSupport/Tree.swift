import Glibc
public import SystemPackage

/// The names, types, contents and link targets below a directory, without times.
public struct Tree: Hashable, Sendable {
  /// One entry.
  public enum Node: Hashable, Sendable {
    /// A directory.
    case directory
    /// A regular file and its content.
    case file([UInt8])
    /// A symbolic link and its target.
    case link(String)
    /// A FIFO, a socket, a device.
    case other
  }

  /// By path relative to the directory; paths that are not UTF-8 are decoded as Latin-1.
  public var nodes: [String: Node] = [:]

  /// Reads a directory without following links.
  public init(_ root: FilePath) throws { try add([], root) }

  private mutating func add(_ relative: [UInt8], _ root: FilePath) throws {
    let directory = Array(root.string.utf8) + [UInt8(ascii: "/")] + relative
    guard let stream = opendir(Self.cString(directory)) else { throw Errno(rawValue: errno) }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name == Array(".".utf8) || name == Array("..".utf8) { continue }
      let path = relative.isEmpty ? name : relative + [UInt8(ascii: "/")] + name
      let node = try Self.node(Self.cString(directory + [UInt8(ascii: "/")] + name))
      nodes[String(validating: path, as: UTF8.self) ?? Self.latin1(path)] = node
      if node == .directory { try add(path, root) }
    }
  }

  private static func latin1(_ path: [UInt8]) -> String {
    var text = ""
    for byte in path { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    return text
  }

  private static func cString(_ path: [UInt8]) -> [CChar] { path.map { CChar(bitPattern: $0) } + [0] }

  private static func node(_ path: [CChar]) throws -> Node {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw Errno(rawValue: errno) }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .directory
    case S_IFREG:
      let raw = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
      guard raw >= 0 else { throw Errno(rawValue: errno) }
      return .file(
        try FileDescriptor(rawValue: raw).closeAfter {
          try content(of: FileDescriptor(rawValue: raw), count: Int(status.st_size))
        })
    case S_IFLNK:
      var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(path, &target, target.count)
      guard count >= 0 else { throw Errno(rawValue: errno) }
      return .link(String(decoding: target.prefix(count), as: UTF8.self))
    default: return .other
    }
  }

  private static func content(of file: FileDescriptor, count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
        let read = try file.read(into: rest)
        if read == 0 { break }
        filled += read
      }
    }
  }

  /// The differences to another tree, one line per path.
  public func differences(from other: Tree) -> [String] {
    Set(nodes.keys).union(other.nodes.keys).sorted().compactMap { path in
      switch (nodes[path], other.nodes[path]) {
      case (let here?, let there?): here == there ? nil : "\(path) differs"
      case (.some, nil): "\(path) is too many"
      default: "\(path) is missing"
      }
    }
  }
}
