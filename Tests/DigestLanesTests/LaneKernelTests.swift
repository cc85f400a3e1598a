import CDigestLanes
import COpenSSL
import TestSupport
import Testing

/// Every kernel that this CPU can run, compared with OpenSSL.
@Suite("Digest lanes") struct LaneKernelTests {
  static let algorithms = [CDL_SHA256, CDL_SHA512, CDL_BLAKE2B].map(Algorithm.init)
  static let kernels = algorithms.flatMap(\.kernels)

  @Test("there is a kernel for every algorithm on every CPU", arguments: algorithms)
  func portable(algorithm: Algorithm) {
    #expect(cdl_find(algorithm.raw, CDL_ISA_SCALAR) != nil)
  }

  @Test("every length from 0 to 4 blocks, in every lane, matches OpenSSL", arguments: kernels)
  func lengths(kernel: Kernel) {
    let block = kernel.raw.block_bytes
    for length in stride(from: 0, through: 4 * block, by: Int(kernel.raw.lanes)) {
      let messages = (0..<Int(kernel.raw.lanes)).map { lane in
        Message(
          kernel.algorithm,
          bytes: Self.bytes(
            count: (length + lane) % (4 * block + 1),
            seed: UInt64(length * 31 + lane)))
      }
      hash(messages, with: [kernel])
      #expect(messages.map(\.digest) == messages.map(\.peerDigest), "from length \(length)")
    }
  }

  @Test("consecutive messages do not disturb their neighbours", arguments: kernels)
  func queue(kernel: Kernel) {
    let messages = Self.randomMessages(kernel.algorithm)
    hash(messages, with: [kernel])
    #expect(messages.map(\.digest) == messages.map(\.peerDigest))
  }

  @Test("a message can continue in another kernel after any block", arguments: algorithms)
  func moves(algorithm: Algorithm) {
    let messages = Self.randomMessages(algorithm)
    hash(messages, with: algorithm.kernels)
    #expect(messages.map(\.digest) == messages.map(\.peerDigest))
  }

  /// Advances unfinished messages by one block at a time, with one kernel after the other.
  private func hash(_ messages: [Message], with kernels: [Kernel]) {
    var waiting = messages[...]
    var open: [Message] = []
    var step = 0
    while true {
      let kernel = kernels[step % kernels.count]
      step += 1
      while open.count < kernel.raw.lanes, let next = waiting.popFirst() { open.append(next) }
      if open.isEmpty { return }
      // A message too short for its lane ends there; the later ones move up.
      for lane in 0..<min(open.count, Int(kernel.raw.lanes)) {
        while lane < open.count, open[lane].blocksLeft < 1 {
          open.remove(at: lane).finish()
        }
      }
      kernel.advance(Array(open.prefix(Int(kernel.raw.lanes))))
      open.append(contentsOf: open.prefix(1))
      open.removeFirst(min(1, open.count))
    }
  }

  private static func randomMessages(_ algorithm: Algorithm) -> [Message] {
    var random = Seeded(state: 7)
    return (0..<200).map { index in
      let count = Int.random(in: 0..<(20 * cdl_block_bytes(algorithm.raw)), using: &random)
      return Message(algorithm, bytes: bytes(count: count, seed: UInt64(index)))
    }
  }

  private static func bytes(count: Int, seed: UInt64) -> [UInt8] {
    var random = Seeded(state: seed)
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
  }
}

struct Algorithm: CustomTestStringConvertible, Sendable {
  let raw: cdl_algorithm

  var testDescription: String {
    switch raw {
    case CDL_SHA256: "SHA-256"
    case CDL_SHA512: "SHA-512"
    default: "BLAKE2b"
    }
  }

  var kernels: [Kernel] {
    [CDL_ISA_SCALAR, CDL_ISA_SHANI, CDL_ISA_AVX2, CDL_ISA_AVX512, CDL_ISA_ARMV8].compactMap { isa in
      cdl_find(raw, isa).map { Kernel(raw: $0.pointee) }
    }
  }

  var digestBytes: Int { raw == CDL_SHA256 ? 32 : 64 }

  var peer: OpaquePointer? {
    switch raw {
    case CDL_SHA256: EVP_sha256()
    case CDL_SHA512: EVP_sha512()
    default: EVP_blake2b512()
    }
  }
}

struct Kernel: CustomTestStringConvertible, @unchecked Sendable {
  let raw: cdl_kernel

  var testDescription: String { String(cString: raw.name) }
  var algorithm: Algorithm { Algorithm(raw: raw.algorithm) }

  /// Hashes one block of each message.
  func advance(_ messages: [Message]) {
    if messages.isEmpty { return }
    raw.advance(
      messages.map(\.state), messages.map { UnsafePointer($0.rest) }, UInt32(messages.count), 1)
    for message in messages {
      message.hashed += raw.block_bytes
    }
  }
}

/// A partly hashed message, in its own memory.
final class Message {
  let algorithm: Algorithm
  let bytes: UnsafeMutableBufferPointer<UInt8>
  let state: UnsafeMutablePointer<cdl_state>?
  var hashed = 0
  private(set) var digest: [UInt8]

  init(_ algorithm: Algorithm, bytes: [UInt8]) {
    self.algorithm = algorithm
    self.bytes = .allocate(capacity: bytes.count)
    _ = self.bytes.initialize(from: bytes)
    state = .allocate(capacity: 1)
    digest = [UInt8](repeating: 0, count: algorithm.digestBytes)
    cdl_begin(algorithm.raw, state)
  }

  deinit {
    bytes.deallocate()
    state?.deallocate()
  }

  var rest: UnsafeMutablePointer<UInt8>? { bytes.baseAddress.map { $0 + hashed } }

  /// All but the last byte may be in complete blocks.
  var blocksLeft: Int { max(0, bytes.count - hashed - 1) / cdl_block_bytes(algorithm.raw) }

  func finish() {
    cdl_finish(algorithm.raw, state, rest, bytes.count - hashed, UInt64(bytes.count), &digest)
  }

  var peerDigest: [UInt8] {
    var digest = [UInt8](repeating: 0, count: algorithm.digestBytes)
    EVP_Digest(bytes.baseAddress, bytes.count, &digest, nil, algorithm.peer, nil)
    return digest
  }
}
