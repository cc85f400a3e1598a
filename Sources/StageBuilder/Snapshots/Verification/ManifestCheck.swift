import Hashing
import LinuxSystem
import MirrorModel
import StageTrees
import SystemPackage

/// Compares a tree with its Manifests: each file must be in one of them, and each file in them must be there.
struct ManifestCheck {
  let root: Shared<AnchoredDirectory>
  /// The tree, for messages.
  let subject: String
  let cancellation: Cancellation

  private var files: [[UInt8]: TreeManifest.File] = [:]
  private var ignored: Set<[UInt8]> = []
  private var optional: Set<[UInt8]> = []
  /// Paths of files that have the contents that the Manifests name.
  private var checked: Set<[UInt8]> = []

  private static let slash = UInt8(ascii: "/")
  private static let mostFiles = 4_000_000

  init(root: Shared<AnchoredDirectory>, subject: String, cancellation: Cancellation) {
    self.root = root
    self.subject = subject
    self.cancellation = cancellation
  }

  /// - Parameter top: the text of the Manifest at the top of the tree, which was signed.
  /// - Throws: code `invalid` with the path of the first file that is not as it should be.
  mutating func run(_ top: [UInt8]) throws(MirrorError) {
    try load(top)
    try checkDirectories()
    let missing = files.keys.filter { !checked.contains($0) && !isIgnored($0) }
    if let path = missing.min(by: { $0.lexicographicallyPrecedes($1) }) {
      throw fault(path, "is missing, but a Manifest names it")
    }
  }

  /// Reads all Manifests, each after its own contents were checked.
  private mutating func load(_ top: [UInt8]) throws(MirrorError) {
    var waiting: [(path: [UInt8], text: [UInt8]?)] = [(TreeManifest.name.bytes, top)]
    while let (path, known) = waiting.popLast() {
      try cancellation.check()
      let text = if let known { known } else { try text(ofManifest: path) }
      let manifest = try TreeManifest(text, in: Self.directory(of: path), subject: displayed(path))
      for (path, file) in manifest.files {
        if let other = files[path], other != file { throw fault(path, "differs between Manifests") }
        files[path] = file
      }
      guard files.count <= Self.mostFiles else { throw fault(path, "names too many files") }
      ignored.formUnion(manifest.ignored)
      optional.formUnion(manifest.optional)
      for path in manifest.manifests where !checked.contains(path) {
        // Checked now, so that it is read only once, whatever names it.
        try check(path)
        waiting.append((path, nil))
      }
    }
  }

  /// The text of a Manifest below the top, decompressed.
  private func text(ofManifest path: [UInt8]) throws(MirrorError) -> [UInt8] {
    let name = String(decoding: path, as: UTF8.self)
    let suffix = name.lastIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? ""
    guard let compression = Compression(rawValue: suffix) else {
      guard let text = try root.value.contents(of: MirrorPath(bytes: path), limit: TreeManifest.largest)
      else { throw fault(path, "is too large") }
      return text
    }
    let file = try root.value.file(MirrorPath(bytes: path))
    var decoder = try ArchiveDecoder(compression, of: file, subject: displayed(path))
    var text: [UInt8] = []
    while let block = try decoder.next() {
      text += block
      guard text.count <= TreeManifest.largest else { throw fault(path, "is too large") }
    }
    return text
  }

  /// Checks each file below the top of the tree. Hidden files and directories are not looked at.
  private mutating func checkDirectories() throws(MirrorError) {
    var waiting: [[UInt8]] = [[]]
    while let parent = waiting.popLast() {
      let directory =
        parent.isEmpty ? try root.value.duplicate() : try root.value.directory(MirrorPath(bytes: parent))
      for entry in try directory.entries() where !entry.name.isHidden {
        try cancellation.check()
        let path = parent.isEmpty ? entry.name.bytes : parent + [Self.slash] + entry.name.bytes
        if ignored.contains(path) || path == TreeManifest.name.bytes || checked.contains(path) { continue }
        switch try directory.status(of: entry.name)?.kind {
        case .directory: waiting.append(path)
        case .regular: try check(path)
        case nil: continue
        default: throw fault(path, "is neither a file nor a directory")
        }
      }
    }
  }

  /// Throws unless a file has the contents that the Manifests name.
  private mutating func check(_ path: [UInt8]) throws(MirrorError) {
    guard let expected = files[path] else {
      let isOptional = optional.contains(path)
      throw fault(path, isOptional ? "must not be there: it is optional in a Manifest" : "is in no Manifest")
    }
    let file = try open(path)
    let size = try attempt("examine", displayed(path)) { () throws(Errno) in try file.status().size }
    guard size == expected.size else { throw fault(path, "has \(size) bytes instead of \(expected.size)") }
    for algorithm in expected.digests.algorithms {
      let digest = try OpenSSLDigest.digest(algorithm, of: file, size: size, displayed(path))
      guard digest == expected.digests[algorithm] else {
        throw fault(path, "does not have the \(algorithm.manifestTag) digest in its Manifest")
      }
    }
    checked.insert(path)
  }

  private func open(_ path: [UInt8]) throws(MirrorError) -> Descriptor {
    do throws(MirrorError) { return try root.value.file(MirrorPath(bytes: path)) } catch {
      guard error.code == .system(.noSuchFileOrDirectory) else { throw error }
      throw fault(path, "is missing, but a Manifest names it")
    }
  }

  /// Whether a Manifest excludes a path, or a directory above it.
  private func isIgnored(_ path: [UInt8]) -> Bool {
    var path = path[...]
    while true {
      if ignored.contains(Array(path)) { return true }
      guard let slash = path.lastIndex(of: Self.slash) else { return false }
      path = path[..<slash]
    }
  }

  private static func directory(of path: [UInt8]) -> [UInt8] {
    path.lastIndex(of: slash).map { Array(path[..<$0]) } ?? []
  }

  private func displayed(_ path: [UInt8]) -> String { "\(subject): \(escaped(path))" }

  private func fault(_ path: [UInt8], _ problem: String) -> MirrorError {
    MirrorError(.invalid, displayed(path), problem)
  }
}
