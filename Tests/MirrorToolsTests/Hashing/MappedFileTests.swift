import LinuxSystem
@testable import Hashing
import MirrorModel
import Foundation
import SystemPackage
import TestSupport
import Testing

private let mapping: HashingOptions = {
  var options = HashingOptions()
  options.mapsFiles = true
  return options
}()

@Suite("Hashing files where the page cache has them", .enabled(if: canMap, "/tmp is not on a disk"))
struct MappedFileTests {
  /// Around the size from which files are mapped, and around windows of 2 MiB.
  private static let sizes = [1, 2, 4].flatMap { size in
    [-4097, -4096, -129, -1, 0, 1, 64, 4096].map { (size << 20) + $0 }
  }

  @Test("gives the results of coreutils", arguments: [1, 3])
  func agrees(jobs: Int) throws {
    let files = try HashedFiles(sizes: Self.sizes)
    var options = mapping
    options.jobs = jobs
    let results = try files.digest(options)
    for algorithm in DigestAlgorithm.allCases {
      #expect(results.map { $0?.hex(algorithm) } == (try files.expected(algorithm)))
    }
  }

  /// What happens to a file after its first piece was mapped, and before that is hashed.
  enum Accident: CaseIterable {
    case ends, shrinks, isReplacedBySame
  }

  @Test("a file that becomes shorter after it was mapped fails alone", arguments: Accident.allCases, [1, 9])
  func shortened(accident: Accident, count: Int) throws {
    let files = try HashedFiles(sizes: Array(repeating: 4 << 20, count: count))
    let path = files.mirror.path(files.names[0])
    let right = try files.expected(.sha256)
    let meddler = Meddler(path: path) {
      let file = open(path, O_WRONLY)
      defer { close(file) }
      switch accident {
      case .ends: ftruncate(file, 0)
      case .shrinks: ftruncate(file, 5000)
      case .isReplacedBySame:
        // Only the time of the change shows it, once the size is the same again.
        ftruncate(file, 0)
        ftruncate(file, 4 << 20)
      }
    }
    var options = mapping
    options.jobs = 1
    let results = try files.digest(options, [.sha256], judge: { $0 == 0 ? meddler : nil })
    #expect(meddler.wasMapped)
    #expect(results[0]?.code == .changed)
    for index in results.indices.dropFirst() { #expect(results[index]?.hex(.sha256) == right[index]) }
  }

  @Test(
    "a disk that fails to read what is mapped is not taken for a change",
    .enabled(if: geteuid() == 0, "mounting needs root"))
  func failingDisk() throws {
    let files = try HashedFiles(sizes: [4 << 20])
    let (workspace, path) = (try Workspace(), files.mirror.path(files.names[0]))
    try workspace.shell(
      """
      truncate -s 32M disk; mke2fs -q -t ext4 -O ^has_journal disk; cp '\(path)' copy
      mount -o loop disk '\(files.mirror.root)'; cp copy '\(path)'; sync; cat '\(path)' > /dev/null
      """)
    defer { _ = try? Tool.run("umount", "--lazy", files.mirror.root.string) }
    let meddler = Meddler(path: path) {
      let file = open(path, O_RDONLY)
      posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
      close(file)
      truncate("\(workspace.path)/disk", 0)
    }
    let results = try files.digest(mapping, [.sha256], judge: { _ in meddler })
    #expect(meddler.wasMapped)
    #expect(results[0]?.code == .system(.ioError))
  }

  @Test("nothing is mapped unless the program asks for it, or if the cache is to be left as it was")
  func off() throws {
    var dropping = mapping
    dropping.dropsCache = true
    for options in [HashingOptions(), dropping] {
      let files = try HashedFiles(sizes: [4 << 20])
      let meddler = Meddler(path: files.mirror.path(files.names[0])) {}
      _ = try files.digest(options, [.sha256], judge: { _ in meddler })
      #expect(!meddler.wasMapped)
    }
  }

  /// The ways in which a fault elsewhere ends a program, or does not.
  @Test(
    "a SIGBUS of another cause does what it did before",
    arguments: ["": 0, "plain": 0, "informed": 0, "ignored": 0, "sent": 128 + SIGBUS, "fault": 128 + SIGBUS])
  func foreign(want: String, status: Int32) throws {
    let workspace = try Workspace()
    let program = workspace.path.appending("faults").string
    let here = FilePath(#filePath).removingLastComponent()
    let linux = here.pushing("../../../Sources/CLinux").lexicallyNormalized()
    try Clang.compile(
      ["-O1", "-pthread", "-I", "\(linux)/include", "-o", program, "\(here)/faults.c", "\(linux)/windows.c"])
    let outcome = try Tool.run("sh", "-c", "ulimit -c 0; '\(program)' \(want); exit")
    #expect(outcome.status == status, "\(outcome.output)")
  }
}

/// Looks once whether its file is mapped, when the first piece of it was taken and not yet hashed, and then acts.
private final class Meddler: StreamJudge, @unchecked Sendable {
  private let path: String
  private let act: () -> Void
  private var isDone = false
  private(set) var wasMapped = false

  init(path: String, act: @escaping () -> Void) {
    self.path = path
    self.act = act
  }

  func take(_ bytes: UnsafeRawBufferPointer) {
    guard !isDone else { return }
    isDone = true
    wasMapped = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8))?.contains(path) ?? false
    act()
  }

  func fault(of file: borrowing Descriptor, size: Int64) -> StreamFault? { nil }
}

/// Whether the file system of temporary files says what is cached.
private let canMap: Bool = {
  guard let mirror = try? TestMirror().file("probe", Data(count: 4096)),
    let file = try? AnchoredDirectory(root: mirror.root).file(MirrorPath("probe"))
  else { return false }
  return file.isCached(at: 0) != nil
}()
