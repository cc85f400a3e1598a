import LinuxSystem
import SystemPackage

/// Reads a tree in byte order of its paths and writes it as a tar archive.
struct TreeWalker: Sendable {
  private let root: Shared<TreeDirectory>
  private let name: FilePath
  private let prefix: [UInt8]
  private let epoch: NodeTime
  private let excluded: [MemberPath]
  private let omitted: [MemberPath]
  private let idShift: IDShift?
  private let cancellation: Cancellation
  private let progress: @Sendable (Int) -> Void

  init(
    root: Shared<TreeDirectory>, named name: FilePath, _ options: TreeCapture.Options,
    _ cancellation: Cancellation,
    _ progress: @escaping @Sendable (Int) -> Void
  ) throws(MirrorError) {
    self.root = root
    self.name = name
    self.cancellation = cancellation
    self.progress = progress
    idShift = options.idShift
    epoch = NodeTime(seconds: options.epoch, nanoseconds: 0)
    excluded = try options.excluded.map { text throws(MirrorError) in
      try MemberPath(option: text, meaning: "excluded")
    }
    omitted = try options.omitted.map { text throws(MirrorError) in
      try MemberPath(option: text, meaning: "excluded")
    }
    prefix = Array(options.prefix.utf8)
    let name = try MemberPath(option: options.prefix, meaning: "put before every path")
    guard prefix.last == UInt8(ascii: "/"), !name.components.isEmpty || options.prefix == "./" else {
      throw MirrorError(
        .invalid, options.prefix, "is not a valid prefix",
        remedy: "use a relative path that ends with a slash, such as ./ or portage/")
    }
  }

  /// Writes all members and the end of the archive.
  func walk(
    into writer: consuming TarWriter, contents: consuming Descriptor?
  ) throws(MirrorError) -> CaptureReport {
    var list: ContentsList? = nil
    if let contents {
      list = try ContentsList(into: contents, subject: "\(name)", cancellation: cancellation)
    }
    var walk = TreeWalk(
      writer: writer, list: list, root: root, named: name, prefix: prefix, epoch: epoch, excluded: excluded,
      omitted: omitted, idShift: idShift, cancellation: cancellation, progress: progress)
    return try walk.run()
  }
}

extension MemberPath {
  /// From the text of an option.
  init(option text: String, meaning: String) throws(MirrorError) {
    switch MemberPath.parse(Array(text.utf8), depth: .max) {
    case .success(let path): self = path
    case .failure(let refusal):
      throw MirrorError(
        .invalid, text, "\(refusal.problem), so it cannot be \(meaning)", remedy: "use a relative path")
    }
  }
}
