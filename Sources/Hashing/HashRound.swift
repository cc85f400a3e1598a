import MirrorModel
import LinuxSystem
import CDigestLanes

/// One thread's buffers, and the hashing of tarballs from them side by side.
struct HashRound: ~Copyable {
  private let memory: UnsafeMutableRawBufferPointer
  private let table: KernelTable
  /// A tarball that failed in a round, and why.
  typealias Failure = (OpenTarball, MirrorError)

  init(bytes: Int, _ table: KernelTable) {
    memory = .allocate(byteCount: bytes, alignment: 4096)
    self.table = table
  }

  deinit { memory.deallocate() }

  /// The number of bytes that a round would read.
  func capacity(for tarballs: [OpenTarball]) -> Int {
    let space = Int64(space(for: tarballs.count))
    return tarballs.reduce(0) { $0 + Int(min(space, $1.remaining)) }
  }

  /// A power of two, of which mapped windows are a multiple.
  private func space(for count: Int) -> Int {
    let share = memory.count / max(1, count)
    return 1 << (Int.bitWidth - 1 - share.leadingZeroBitCount)
  }

  /// Reads and hashes the next part of every tarball; returns those that failed, and the number of bytes
  /// read.
  func run(_ tarballs: [OpenTarball]) -> (failures: [Failure], bytes: Int) {
    var failures: [Failure] = []
    var pieces: [(OpenTarball, Piece)] = []
    var bytes = 0
    let space = space(for: tarballs.count)
    for (position, tarball) in tarballs.enumerated() {
      let start = position * space
      do throws(MirrorError) {
        let piece = try tarball.next(
          in: UnsafeMutableRawBufferPointer(rebasing: memory[start..<(start + space)]))
        pieces.append((tarball, piece))
        bytes += piece.bytes.count
      } catch { failures.append((tarball, error)) }
    }
    for algorithm in DigestAlgorithm.allCases { hash(pieces, algorithm, &failures) }
    return (failures, bytes)
  }

  private func hash(
    _ pieces: [(OpenTarball, Piece)], _ algorithm: DigestAlgorithm, _ failures: inout [Failure]
  ) {
    var lanes: [Lane] = []
    for (tarball, piece) in pieces {
      for message in tarball.messages where message.algorithm == algorithm {
        do throws(MirrorError) {
          if let lane = try message.lane(for: piece) { lanes.append(lane) }
        } catch { failures.append((tarball, error)) }
      }
    }
    table.advance(lanes, algorithm)
    for (tarball, piece) in pieces where piece.isLast {
      for message in tarball.messages where message.algorithm == algorithm {
        do throws(MirrorError) { try message.finish(piece) } catch { failures.append((tarball, error)) }
      }
    }
  }
}

extension KernelTable {
  /// Hashes all blocks of all lanes, each time with the fastest kernel for the remaining lanes.
  func advance(_ lanes: [Lane], _ algorithm: DigestAlgorithm) {
    var lanes = lanes
    while !lanes.isEmpty {
      // Lanes with the most blocks go together, so that no lane waits long for another.
      lanes.sort { $0.blocks > $1.blocks }
      let kernel = self.lanes(algorithm, messages: lanes.count)
      let count = min(kernel.lanes, lanes.count)
      let blocks = lanes[count - 1].blocks
      lanes.withUnsafeBufferPointer { all in
        kernel.advance(UnsafeBufferPointer(rebasing: all[..<count]), blocks: blocks)
      }
      for index in 0..<count {
        lanes[index].data += blocks * algorithm.blockBytes
        lanes[index].blocks -= blocks
      }
      lanes.removeAll { $0.blocks == 0 }
    }
  }
}
