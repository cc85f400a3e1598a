import Hashing
package import LinuxSystem
import MirrorModel
import Synchronization
package import SystemPackage

/// A file to be verified, and where files beside it are: in a directory, or on a web server.
package struct ProvenancePlace: Sendable {
  /// The directory: an absolute path, or a URL that ends in a slash.
  let base: String
  /// The name of the file, not encoded.
  var name: String
  private let isRemote: Bool

  /// How long a transfer may take, in seconds.
  private static let patience = 4 * 3600

  /// Parses a path, or a URL of `http`, `https` or `file`.
  ///
  /// - Parameter current: the directory to which a path is relative.
  package init(_ text: String, current: FilePath) throws(MirrorError) {
    let isRemote = ["https://", "http://"].contains { text.hasPrefix($0) }
    var path = text
    if isRemote || text.hasPrefix("file://") {
      guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !text.contains("?"), !text.contains("#"),
        let name = text.split(separator: "/").last, !text.hasSuffix("/"),
        let plain = URLPath.decoded(name.utf8), Self.isPlain(plain)
      else { throw Self.fault(text, "is not the URL of a file") }
      if isRemote {
        base = String(text.dropLast(name.count))
        self.name = plain
        self.isRemote = true
        return
      }
      guard text.hasPrefix("file:///"), let local = URLPath.decoded(text.dropFirst(7).utf8) else {
        throw Self.fault(text, "is not the URL of a local file")
      }
      path = local
    }
    // The other files are beside what a link leads to.
    let file = current.pushing(FilePath(path)).normalized.canonical
    guard let name = file.lastComponent?.string else { throw Self.fault(text, "is not a file") }
    base = file.removingLastComponent().string
    self.name = name
    self.isRemote = false
  }

  private init(base: String, name: String, isRemote: Bool) {
    (self.base, self.name, self.isRemote) = (base, name, isRemote)
  }

  private static func fault(_ text: String, _ problem: String) -> MirrorError {
    MirrorError(
      .invalid, escaped(Array(text.utf8)), problem, remedy: "give a tarball or its .provenance.json")
  }

  /// Whether a name from a document is one of a file beside another one.
  static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && !name.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
  }

  /// As a user writes it.
  var text: String { isRemote ? base + URLPath.encoded(name.utf8) : FilePath(base).appending(name).string }

  /// The place of the same file by its path in the mirror, seen from a file that may be a link to it: from
  /// `…/gen/stage3-latest.tar.xz`, `std/x86/gen/VERSION/stage3.tar.xz` is `…/gen/VERSION/stage3.tar.xz`.
  func target(_ path: String) -> ProvenancePlace {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard let name = parts.last, parts.allSatisfy(Self.isPlain) else { return self }
    let folders = parts.dropLast()
    for count in (0...folders.count).reversed() {
      let start = folders.prefix(count).joined(separator: "/")
      let ending = "/" + (isRemote ? URLPath.encoded(start.utf8) + (start.isEmpty ? "" : "/") : start)
      guard count == 0 || base.hasSuffix(ending) else { continue }
      let slash = isRemote ? "" : "/"
      return Self.joined(base + slash, folders.dropFirst(count), name, isRemote)
    }
    return self
  }

  /// The same place with another name.
  func beside(_ name: String) -> ProvenancePlace {
    ProvenancePlace(base: base, name: name, isRemote: isRemote)
  }

  /// The place of another file of the same mirror, by paths in it; nil if this file is not at `own`, or a path is
  /// not one of a mirror.
  func place(of other: String, seenFrom own: String) -> ProvenancePlace? {
    let parts = other.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard let name = parts.last, parts.allSatisfy(Self.isPlain) else { return nil }
    let folder = own.split(separator: "/").dropLast().joined(separator: "/")
    let ending = isRemote ? URLPath.encoded(folder.utf8) + "/" : folder
    guard base.hasSuffix("/" + ending) else { return nil }
    let root = String(base.dropLast(ending.utf8.count))
    return root.isEmpty ? nil : Self.joined(root, parts.dropLast(), name, isRemote)
  }

  /// The place of a file in a mirror here.
  static func place(of path: String, in mirror: FilePath) -> ProvenancePlace? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard let name = parts.last, parts.allSatisfy(isPlain) else { return nil }
    return joined(mirror.string + "/", parts.dropLast(), name, false)
  }

  private static func joined(
    _ root: String, _ folders: ArraySlice<String>, _ name: String, _ isRemote: Bool
  ) -> ProvenancePlace {
    let folder = folders.joined(separator: "/")
    let base = isRemote ? root + URLPath.encoded(folder.utf8) + (folder.isEmpty ? "" : "/") : root + folder
    return ProvenancePlace(base: base, name: name, isRemote: isRemote)
  }

  /// The content of the file; nil if it does not exist.
  ///
  /// - Throws: if it cannot be read, or is larger than `limit` bytes.
  func contents(limit: Int, _ cancellation: Cancellation) throws(MirrorError) -> [UInt8]? {
    var bytes: [UInt8] = []
    guard try read(limit: Int64(limit), cancellation, { bytes += $0 }) else { return nil }
    return bytes
  }

  /// The SHA-256 of the file, in lowercase hexadecimal; nil if it does not exist.
  func sha256(_ cancellation: Cancellation, _ progress: RunProgress?) throws(MirrorError) -> String? {
    let sink = try DigestSink()
    let isThere = try read(limit: nil, cancellation) {
      sink.add($0)
      progress?.add(bytes: $0.count)
    }
    return try isThere ? sink.finish() : nil
  }

  private func read(
    limit: Int64?, _ cancellation: Cancellation, _ body: @escaping ([UInt8]) -> Void
  ) throws(MirrorError) -> Bool {
    try isRemote ? fetch(limit, cancellation, body) : readFile(limit, cancellation, body)
  }

  private func tooLarge(_ limit: Int64) -> MirrorError {
    MirrorError(.invalid, text, "is larger than \(limit) bytes", remedy: "check who wrote it")
  }

  private func readFile(
    _ limit: Int64?, _ cancellation: Cancellation, _ body: ([UInt8]) -> Void
  ) throws(MirrorError) -> Bool {
    let path = FilePath(base).appending(name)
    let opened: Shared<Descriptor>
    do throws(Errno) { opened = Shared(try Descriptor(reading: path)) } catch {
      if error == .noSuchFileOrDirectory || error == .notDirectory { return false }
      throw .system(error, "open", text)
    }
    let status = try attempt("examine", text) { () throws(Errno) in try opened.value.status() }
    guard status.kind == .regular else {
      throw MirrorError(.invalid, text, "is not a regular file", remedy: "give a tarball")
    }
    if let limit, status.size > limit { throw tooLarge(limit) }
    var offset: Int64 = 0
    while offset < status.size {
      try cancellation.check()
      let count = Int(min(status.size - offset, 1 << 20))
      let start = offset
      let piece = try attempt("read", text) { () throws(Errno) in
        try opened.value.bytes(from: start, count: count)
      }
      guard !piece.isEmpty else { throw MirrorError(.changed, text, "became shorter while it was read") }
      body(piece)
      offset += Int64(piece.count)
    }
    return true
  }

  /// Whether the file exists.
  func exists(_ cancellation: Cancellation) throws(MirrorError) -> Bool {
    guard isRemote else { return FilePath(base).appending(name).exists }
    return try isThere(try curl(["--head"], cancellation, heard: { _ in }))
  }

  /// Fetches the file with curl.
  private func fetch(
    _ limit: Int64?, _ cancellation: Cancellation, _ body: @escaping ([UInt8]) -> Void
  ) throws(MirrorError) -> Bool {
    let count = Shared(Mutex<Int64>(0))
    let isTooLarge = { limit.map { limit in count.value.withLock { $0 > limit } } ?? false }
    let outcome = try curl(
      [], cancellation,
      heard: { piece in
        count.value.withLock { $0 += Int64(piece.count) }
        if !isTooLarge() { body(piece) }
      }, enough: isTooLarge)
    if let limit, isTooLarge() { throw tooLarge(limit) }
    return try isThere(outcome)
  }

  private func curl(
    _ options: [String], _ cancellation: Cancellation, heard: @escaping ([UInt8]) -> Void,
    enough: () -> Bool = { false }
  ) throws(MirrorError) -> HostProgram.Outcome {
    try HostProgram.run(
      [
        "curl", "--silent", "--show-error", "--fail", "--location", "--max-redirs", "5", "--globoff",
        "--proto", "=http,https", "--proto-redir", "=http,https", "--connect-timeout", "30",
      ] + options + ["--url", text], environment: ["LC_ALL": "C"], leads: true, limit: Self.patience,
      cancellation: cancellation, heard: heard, enough: enough)
  }

  /// Whether curl found the file.
  private func isThere(_ outcome: HostProgram.Outcome) throws(MirrorError) -> Bool {
    guard outcome.status != 0 else { return true }
    let reason = outcome.lastErrors(1).joined()
    if outcome.status == 22, ["404", "410"].contains(where: { reason.hasSuffix($0) }) { return false }
    throw MirrorError(
      .invalid, text, "cannot be fetched: \(escaped(Array(reason.utf8)))", remedy: "try curl by hand")
  }
}

/// Digests what arrives in pieces.
private final class DigestSink {
  private var digest: OpenSSLDigest
  private var fault: MirrorError?

  init() throws(MirrorError) { digest = try OpenSSLDigest(.sha256) }

  func add(_ piece: [UInt8]) {
    piece.withUnsafeBytes { buffer in
      do throws(MirrorError) { try digest.update(buffer) } catch { fault = error }
    }
  }

  func finish() throws(MirrorError) -> String {
    if let fault { throw fault }
    return hex(try digest.finish())
  }
}
