import LinuxSystem
@testable import Hashing
import MirrorModel
import Foundation
import SystemPackage
import Synchronization
import TestSupport
import Testing

private func options(_ sets: Set<InstructionSet>, jobs: Int?) -> HashingOptions {
  var options = HashingOptions()
  options.instructionSets = sets
  options.jobs = jobs
  return options
}

private let instructionSets: [Set<InstructionSet>] = [
  Set(InstructionSet.allCases), [.avx512], [.avx2], [.avx2, .shani], [.shani], [],
]

@Suite("Hashing many files") struct HashingTests {
  /// Around blocks, padding, pages and buffers, a few long ones, and many of one size.
  private static let sizes =
    [0, 1, 55, 56, 63, 64, 65, 111, 112, 119, 127, 128, 129, 4095, 4096, 4097, 65536, 131072, 131073]
    + [1 << 20, (1 << 20) + 1, 3_000_000, 5_000_000, 9_000_000] + Array(repeating: 40_000, count: 21)

  @Test("gives the results of coreutils on every processor", arguments: instructionSets)
  func agrees(sets: Set<InstructionSet>) throws {
    let files = try HashedFiles(sizes: Self.sizes)
    for jobs in [1, 2, 7] {
      let results = try files.digest(options(sets, jobs: jobs))
      for algorithm in DigestAlgorithm.allCases {
        #expect(results.map { $0?.hex(algorithm) } == (try files.expected(algorithm)), "\(jobs) jobs")
      }
    }
  }

  @Test("computes only the requested digests", arguments: DigestAlgorithm.allCases)
  func single(algorithm: DigestAlgorithm) throws {
    let files = try HashedFiles(sizes: Self.sizes)
    let results = try files.digest(options(Set(InstructionSet.allCases), jobs: 2), [algorithm])
    #expect(results.map { $0?.hex(algorithm) } == (try files.expected(algorithm)))
    #expect(results.allSatisfy { (try? $0?.get())?.digests.algorithms == [algorithm] })
  }

  @Test("one large file alone is read once for all its digests", arguments: instructionSets)
  func alone(sets: Set<InstructionSet>) throws {
    let files = try HashedFiles(sizes: [20_000_000])
    let progress = RunProgress()
    progress.begin("hashing", bytes: 20_000_000, files: 1)
    let results = try files.digest(options(sets, jobs: 4), progress: progress)
    for algorithm in DigestAlgorithm.allCases {
      #expect(results.map { $0?.hex(algorithm) } == (try files.expected(algorithm)))
    }
    #expect(progress.snapshot.bytes.done == 20_000_000)
    #expect(progress.snapshot.files.done == 1)
  }

  @Test("a file that does not exist, or cannot be hashed, fails alone")
  func failures() throws {
    let files = try HashedFiles(sizes: Array(repeating: 300_000, count: 20))
    try FileManager.default.removeItem(atPath: files.mirror.path(files.names[3]))
    try FileManager.default.removeItem(atPath: files.mirror.path(files.names[7]))
    try files.mirror.directory(files.names[7])
    let results = try files.digest()
    #expect(results[3]?.code == .system(.noSuchFileOrDirectory))
    #expect(results[7]?.code == .changed)
    for index in results.indices where index != 3 && index != 7 {
      #expect(results[index]?.code == nil)
      #expect(results[index]?.hex(.blake2b)?.count == 128)
    }
  }

  /// Changes of a file during hashing.
  enum Accident: CaseIterable {
    case shrinks, grows, isWritten
  }

  @Test(
    "a file that changes during hashing fails alone", arguments: Accident.allCases, [1, 20])
  func change(accident: Accident, count: Int) throws {
    let files = try HashedFiles(sizes: Array(repeating: 10 << 20, count: count))
    let victim = files.names[0]
    let progress = RunProgress()
    progress.begin("hashing", bytes: 0, files: count)
    var options = HashingOptions()
    options.jobs = 2
    // A few seconds for all; the change needs a moment near the beginning.
    options.bytesPerSecond = Int64(count * 10 << 20) / 2
    let path = files.mirror.path(victim)
    let isDone = Shared(Atomic<Bool>(false))
    let thread = Thread {
      while progress.snapshot.bytes.done == 0 { usleep(1000) }
      let file = open(path, O_WRONLY)
      switch accident {
      case .shrinks: ftruncate(file, 9 << 20)
      case .grows: ftruncate(file, 11 << 20)
      case .isWritten: pwrite(file, "x", 1, 10 << 20 - 1)
      }
      close(file)
      isDone.value.store(true, ordering: .releasing)
    }
    thread.start()
    let results = try files.digest(options, [.sha512], progress: progress)
    let wasInTime = isDone.value.load(ordering: .acquiring)
    #expect(wasInTime)
    #expect(results[0]?.code == .changed)
    let right = try files.expected(.sha512)
    for index in results.indices.dropFirst() { #expect(results[index]?.hex(.sha512) == right[index]) }
  }

  @Test("a cancelled run ends at once, however slow")
  func cancelled() throws {
    let files = try HashedFiles(sizes: Array(repeating: 1 << 20, count: 40))
    let cancellation = Cancellation()
    let progress = RunProgress()
    progress.begin("hashing", bytes: 0, files: 40)
    var options = HashingOptions()
    options.jobs = 2
    options.bytesPerSecond = 1
    let thread = Thread {
      while progress.snapshot.bytes.done == 0 { usleep(1000) }
      cancellation.cancel(signal: SIGINT)
    }
    thread.start()
    let results = try files.digest(options, progress: progress, cancellation: cancellation)
    #expect(results.contains { $0 == nil })
    #expect(results.allSatisfy { $0?.code == nil })
  }

  @Test("a rate limit is kept")
  func limited() throws {
    let files = try HashedFiles(sizes: Array(repeating: 1 << 20, count: 6))
    var options = HashingOptions()
    options.jobs = 2
    options.bytesPerSecond = 4 << 20
    let clock = ContinuousClock()
    let start = clock.now
    let results = try files.digest(options)
    #expect(results.allSatisfy { $0 != nil && $0?.code == nil })
    // The last read, of up to both threads' buffers, waits for the earlier ones.
    #expect(clock.now - start >= .seconds(1))
  }
}

@Suite("The page cache", .enabled(if: PageCache.canForget, "/tmp is not on a disk"))
struct PageCacheTests {
  @Test("is left unchanged: only what was cached before is cached after", arguments: [1, 2], [1, 12])
  func restored(jobs: Int, count: Int) throws {
    let files = try HashedFiles(sizes: Array(repeating: 9 << 20, count: count * 2))
    let right = try files.expected(.sha256)
    let (cold, warm) = (files.names.prefix(count), files.names.suffix(count))
    for name in cold { try PageCache.forget(files.mirror.path(name)) }
    for name in cold { try #require(try PageCache.bytes(of: files.mirror.path(name)) == 0) }
    var options = HashingOptions()
    options.jobs = jobs
    options.dropsCache = true
    let results = try files.digest(options, [.sha256])
    #expect(results.map { $0?.hex(.sha256) } == right)
    for name in cold { #expect(try PageCache.bytes(of: files.mirror.path(name)) == 0) }
    for name in warm { #expect(try PageCache.bytes(of: files.mirror.path(name)) == 9 << 20) }
  }
}

/// Whether the kernel caches it, according to coreutils and util-linux.
private enum PageCache {
  static let canForget: Bool = {
    guard let mirror = try? TestMirror().file("probe", Data(count: 1 << 20)) else { return false }
    try? forget(mirror.path("probe"))
    return (try? bytes(of: mirror.path("probe"))) == 0
  }()

  static func forget(_ path: String) throws {
    let outcome = try Tool.run("dd", "of=\(path)", "oflag=nocache", "conv=notrunc,fdatasync", "count=0")
    try #require(outcome.status == 0)
  }

  static func bytes(of path: String) throws -> Int? {
    Int(try Tool.run("fincore", "-b", "-n", "-o", "RES", path).output.filter(\.isNumber))
  }
}
