import LinuxSystem

/// Reads one tarball into a ring of buffers, from which a thread per digest computes.
struct HashRing: Sendable {
  private static let buffers = 8

  let table: KernelTable
  let pace: Pace
  /// Total size of the buffers in bytes: pieces are large, since each wakes several threads.
  let bytes: Int

  /// Hashes the rest of a tarball, unless the run is stopped; false if threads cannot be created.
  func hash(_ tarball: OpenTarball) throws(MirrorError) -> Bool {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 4096)
    defer { memory.deallocate() }
    let ring = Monitor(State(digests: tarball.messages.count))
    let space = Space(memory: memory)
    let hasRun = Workers.runTogether(tarball.messages.count + 1) { index in
      if index == 0 {
        fill(ring, space, from: tarball)
      } else {
        drain(ring, tarball.messages[index - 1], index - 1)
      }
    }
    if let failure = ring.withLock({ $0.failure }) { throw failure }
    return hasRun
  }

  private struct Space: @unchecked Sendable {
    let memory: UnsafeMutableRawBufferPointer

    var bufferBytes: Int { memory.count / HashRing.buffers & ~4095 }

    func buffer(_ number: Int) -> UnsafeMutableRawBufferPointer {
      let start = number % HashRing.buffers * bufferBytes
      return UnsafeMutableRawBufferPointer(rebasing: memory[start..<(start + bufferBytes)])
    }
  }

  private func fill(_ ring: Monitor<State>, _ space: Space, from tarball: OpenTarball) {
    while tarball.remaining > 0 {
      let turn = ring.wait { $0.isStopped ? .stop : $0.hasRoom ? .goOn($0.written) : Turn<Int>?.none }
      guard case .goOn(let number) = turn else { return }
      guard pace.admit(Int(min(tarball.remaining, Int64(space.bufferBytes)))) else {
        return ring.withLock { $0.isStopped = true }
      }
      do throws(MirrorError) {
        let piece = try tarball.read(into: space.buffer(number))
        pace.read(piece.bytes.count)
        ring.withLock { $0.write(piece) }
      } catch {
        return ring.withLock { $0.fail(error) }
      }
    }
  }

  private func drain(_ ring: Monitor<State>, _ message: Message, _ digest: Int) {
    while message.digest == nil {
      let turn = ring.wait { state in
        state.isStopped ? .stop : state.piece(for: digest).map { .goOn($0) } ?? Turn<Piece>?.none
      }
      guard case .goOn(let piece) = turn else { return }
      do throws(MirrorError) {
        if let lane = try message.lane(for: piece) { table.advance([lane], message.algorithm) }
        if piece.isLast { try message.finish(piece) }
        ring.withLock { $0.taken[digest] += 1 }
      } catch {
        return ring.withLock { $0.fail(error) }
      }
    }
  }

  private enum Turn<Value> {
    case goOn(Value)
    case stop
  }

  private struct State {
    /// The last pieces written, indexed by their number modulo the number of buffers.
    private var pieces: [Piece?] = Array(repeating: nil, count: HashRing.buffers)
    private(set) var written = 0
    /// Number of pieces that each digest has finished.
    var taken: [Int]
    var isStopped = false
    private(set) var failure: MirrorError?

    init(digests: Int) { taken = Array(repeating: 0, count: digests) }

    var hasRoom: Bool { written - (taken.min() ?? written) < HashRing.buffers }

    mutating func write(_ piece: Piece) {
      pieces[written % HashRing.buffers] = piece
      written += 1
    }

    func piece(for digest: Int) -> Piece? {
      taken[digest] < written ? pieces[taken[digest] % HashRing.buffers] : nil
    }

    mutating func fail(_ error: MirrorError) {
      failure = failure ?? error
      isStopped = true
    }
  }
}
