import Glibc
import SystemPackage

/// Hashes a file a thread, one read of 256 KiB feeding all algorithms.
struct StreamingDigestEngine: DigestEngine {
  /// Threads; nil for one a processor.
  var jobs: Int?

  private static let chunk = 256 * 1024

  func digest(
    _ requests: [DigestRequest], in mirror: Shared<AnchoredDirectory>, progress: RunProgress,
    cancellation: Cancellation, deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void
  ) {
    // Longest first, so that no thread is left with a large file when the others are done.
    let order = requests.indices.sorted { requests[$0].size > requests[$1].size }
    Workers.forEach(order.count, jobs: jobs ?? Workers.processors) { position in
      guard !cancellation.isCancelled else { return }
      let index = order[position]
      do throws(MirrorError) {
        let result = try Self.digest(requests[index], in: mirror.value, progress, cancellation)
        deliver(index, .success(result))
      } catch {
        if error.code != .interrupted { deliver(index, .failure(error)) }
      }
      progress.addFile()
    }
  }

  private static func digest(
    _ request: DigestRequest, in mirror: borrowing AnchoredDirectory, _ progress: RunProgress,
    _ cancellation: Cancellation
  ) throws(MirrorError) -> DigestResult {
    let path = mirror.displayed(request.path)
    let file = try mirror.file(request.path)
    let before = try settledIdentity(of: file, path)
    posix_fadvise(file.raw, 0, 0, POSIX_FADV_SEQUENTIAL)
    var sha256 = request.algorithms.contains(.sha256) ? try OpenSSLDigest(.sha256) : nil
    var sha512 = request.algorithms.contains(.sha512) ? try OpenSSLDigest(.sha512) : nil
    var blake2b = request.algorithms.contains(.blake2b) ? try OpenSSLDigest(.blake2b) : nil
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 4096)
    defer { buffer.deallocate() }
    var offset: Int64 = 0
    while true {
      try cancellation.check()
      let position = offset
      let count = try attempt("read", path) { () throws(Errno) in try file.read(into: buffer, at: position) }
      if count == 0 { break }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      try sha256?.update(bytes)
      try sha512?.update(bytes)
      try blake2b?.update(bytes)
      offset += Int64(count)
      progress.add(bytes: count)
    }
    let after = try attempt("look at", path) { () throws(Errno) in try file.status().identity }
    guard after == before, offset == before.size else {
      throw MirrorError(
        .changed, path, "changed while it was hashed", remedy: "run again when it is finished")
    }
    var digests = DigestSet()
    digests[.sha256] = try sha256?.finish()
    digests[.sha512] = try sha512?.finish()
    digests[.blake2b] = try blake2b?.finish()
    return DigestResult(digests: digests, identity: after)
  }

  /// The file's identity, taken when its last change is long enough ago that another would show.
  ///
  /// The kernel stamps files with a clock that ticks every few milliseconds; a write within the same tick as
  /// the one before it leaves the same times.
  private static func settledIdentity(
    of file: borrowing Descriptor, _ path: String
  ) throws(MirrorError) -> FileIdentity {
    let status = try attempt("look at", path) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else {
      throw MirrorError(.changed, path, "is no longer a regular file", remedy: "run again")
    }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let age = Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec) &- status.identity.ctime
    guard (0..<20_000_000).contains(age) else { return status.identity }
    usleep(20_000)
    return try attempt("look at", path) { () throws(Errno) in try file.status().identity }
  }
}
