import CDigestLanes
import COpenSSL
import TestSupport
import Testing

/// Every kernel that this CPU runs, judged by OpenSSL.
@Suite("digest lanes") struct LaneKernelTests {
  static let kernels: [Kernel] = [CDL_SHA256, CDL_SHA512, CDL_BLAKE2B].flatMap { algorithm in
    [CDL_ISA_SCALAR, CDL_ISA_SHANI, CDL_ISA_AVX2, CDL_ISA_AVX512].compactMap { isa in
      cdl_find(algorithm, isa).map { Kernel(raw: $0.pointee) }
    }
  }

  @Test("there is a kernel for every algorithm on every CPU")
  func portable() {
    for algorithm in [CDL_SHA256, CDL_SHA512, CDL_BLAKE2B] {
      #expect(cdl_find(algorithm, CDL_ISA_SCALAR) != nil)
    }
  }

  @Test("every length from 0 to 4 blocks, in every lane, is what OpenSSL says", arguments: kernels)
  func lengths(kernel: Kernel) {
    let block = kernel.raw.block_bytes
    var length = 0
    while length <= 4 * block {
      let messages = (0..<kernel.lanes).map { lane in
        Self.bytes(count: (length + lane) % (4 * block + 1), seed: UInt64(length * 31 + lane))
      }
      #expect(kernel.digests(of: messages) == messages.map(kernel.peerDigest), "from length \(length)")
      length += kernel.lanes
    }
  }

  @Test("lanes given one message after the other do not disturb their neighbours", arguments: kernels)
  func queue(kernel: Kernel) {
    var random = Seeded(state: 7)
    let messages = (0..<200).map { index in
      Self.bytes(
        count: Int.random(in: 0..<(20 * kernel.raw.block_bytes), using: &random), seed: UInt64(index))
    }
    #expect(kernel.digests(of: messages) == messages.map(kernel.peerDigest))
  }

  private static func bytes(count: Int, seed: UInt64) -> [UInt8] {
    var random = Seeded(state: seed)
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
  }
}

/// A kernel, and its use on whole messages.
struct Kernel: CustomTestStringConvertible, @unchecked Sendable {
  let raw: cdl_kernel

  var testDescription: String { String(cString: raw.name) }
  var lanes: Int { Int(raw.lanes) }

  /// Hashes messages, giving a lane the next one as soon as it is free.
  func digests(of messages: [[UInt8]]) -> [[UInt8]] {
    let state = UnsafeMutableRawPointer.allocate(
      byteCount: raw.state_bytes, alignment: Int(CDL_STATE_ALIGNMENT))
    defer { state.deallocate() }
    raw.`init`(state)
    var results = [[UInt8]](repeating: [], count: messages.count)
    var next = 0
    var inLane = [(message: Int, offset: Int)?](repeating: nil, count: lanes)
    while true {
      for lane in 0..<lanes {
        while inLane[lane] == nil, next < messages.count {
          raw.init_lane(state, UInt32(lane))
          inLane[lane] = (next, 0)
          next += 1
          finish(lane, state, messages, &inLane, &results)
        }
      }
      guard inLane.contains(where: { $0 != nil }) else { return results }
      step(state, messages, &inLane)
      for lane in 0..<lanes { finish(lane, state, messages, &inLane, &results) }
    }
  }

  /// One block of every lane that has a message.
  private func step(
    _ state: UnsafeMutableRawPointer, _ messages: [[UInt8]], _ inLane: inout [(message: Int, offset: Int)?]
  ) {
    let blocks = inLane.map { place in
      place.map { Array(messages[$0.message][$0.offset..<($0.offset + raw.block_bytes)]) }
    }
    let buffers = blocks.map { block in
      block.map { bytes in
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        return copy
      }
    }
    raw.advance(state, buffers.map { $0.map { UnsafePointer($0) } }, 1)
    for buffer in buffers { buffer?.deallocate() }
    for lane in 0..<lanes { inLane[lane]?.offset += raw.block_bytes }
  }

  /// Takes the digest of a lane whose message has at most a block left.
  private func finish(
    _ lane: Int, _ state: UnsafeMutableRawPointer, _ messages: [[UInt8]],
    _ inLane: inout [(message: Int, offset: Int)?], _ results: inout [[UInt8]]
  ) {
    guard let place = inLane[lane] else { return }
    let rest = messages[place.message][place.offset...]
    guard rest.count <= raw.block_bytes else { return }
    var digest = [UInt8](repeating: 0, count: raw.digest_bytes)
    raw.finish_lane(
      state, UInt32(lane), Array(rest), rest.count, UInt64(messages[place.message].count), &digest)
    results[place.message] = digest
    inLane[lane] = nil
  }

  func peerDigest(_ message: [UInt8]) -> [UInt8] {
    let method =
      switch raw.algorithm {
      case CDL_SHA256: EVP_sha256()
      case CDL_SHA512: EVP_sha512()
      default: EVP_blake2b512()
      }
    var digest = [UInt8](repeating: 0, count: raw.digest_bytes)
    EVP_Digest(message, message.count, &digest, nil, method, nil)
    return digest
  }
}
