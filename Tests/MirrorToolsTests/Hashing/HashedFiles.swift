import LinuxSystem
@testable import Hashing
@testable import MirrorModel
import Foundation
import Synchronization
import TestSupport
import Testing

/// Files of chosen sizes, and an engine run on them.
final class HashedFiles: Sendable {
  let mirror: TestMirror
  let names: [String]
  private let sizes: [Int]

  /// Content depends on the seed, and no two files begin alike.
  init(sizes: [Int], seed: UInt64 = 1) throws {
    mirror = try TestMirror()
    self.sizes = sizes
    names = sizes.indices.map { "file-\($0).tar.xz" }
    var random = Seeded(state: seed)
    for (name, size) in zip(names, sizes) {
      var words = [UInt64](repeating: 0, count: size / 8 + 1)
      for index in words.indices { words[index] = random.next() }
      try mirror.file(name, words.withUnsafeBytes { Data($0.prefix(size)) })
    }
  }

  /// The results of coreutils, by name, in hexadecimal.
  func expected(_ algorithm: DigestAlgorithm) throws -> [String] {
    let tool = ["sha256sum", "sha512sum", "b2sum"][DigestAlgorithm.allCases.firstIndex(of: algorithm) ?? 0]
    let output = try Tool.run(tool, arguments: names.map(mirror.path)).output
    return output.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
  }

  func digest(
    _ options: HashingOptions = HashingOptions(),
    _ algorithms: Set<DigestAlgorithm> = Set(DigestAlgorithm.allCases),
    progress: RunProgress = RunProgress(), cancellation: Cancellation = Cancellation(),
    judge: (Int) -> (any StreamJudge)? = { _ in nil }
  ) throws -> [Result<DigestResult, MirrorError>?] {
    let results = Shared(Mutex<[Int: [Result<DigestResult, MirrorError>]]>([:]))
    let requests = names.indices.map { index in
      DigestRequest(
        path: MirrorPath(names[index]), size: Int64(sizes[index]), device: 0, algorithms: algorithms,
        judge: judge(index))
    }
    LaneDigestEngine(options).digest(
      requests, in: Shared(try AnchoredDirectory(root: mirror.root)), progress: progress,
      cancellation: cancellation
    ) { index, result in results.value.withLock { $0[index, default: []].append(result) } }
    return results.value.withLock { results in
      #expect(results.values.allSatisfy { $0.count == 1 })
      return names.indices.map { results[$0]?.first }
    }
  }
}

extension Result where Success == DigestResult, Failure == MirrorError {
  func hex(_ algorithm: DigestAlgorithm) -> String? {
    (try? get())?.digests[algorithm].map { $0.map { String(format: "%02x", $0) }.joined() }
  }

  var code: MirrorError.Code? {
    if case .failure(let error) = self { error.code } else { nil }
  }
}
