import MirrorModel
import CDigestLanes

/// Instructions beyond every x86-64's that kernels are written in.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// 512-bit vectors.
  case avx512
  /// 256-bit vectors.
  case avx2
  /// The SHA extensions: SHA-256 alone.
  case shani
}

/// Code of `CDigestLanes` that hashes several messages side by side.
struct LaneKernel: @unchecked Sendable {
  private let raw: UnsafePointer<cdl_kernel>

  /// The kernel of an algorithm in these instructions; nil where the processor, or the system, lacks them.
  init?(_ algorithm: DigestAlgorithm, _ isa: cdl_isa) {
    guard let raw = cdl_find(algorithm.lanes, isa) else { return nil }
    self.raw = raw
  }

  /// The kernel of an algorithm for every processor, one message at a time.
  init(portable algorithm: DigestAlgorithm) { raw = cdl_portable(algorithm.lanes) }

  /// Messages hashed side by side.
  var lanes: Int { Int(raw.pointee.lanes) }

  /// Hashes `blocks` whole blocks of up to `lanes` messages, each from its own place.
  func advance(_ lanes: UnsafeBufferPointer<Lane>, blocks: Int) {
    withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<cdl_state>?.self, capacity: lanes.count) {
      states in
      withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>?.self, capacity: lanes.count) { data in
        for (index, lane) in lanes.enumerated() {
          states[index] = lane.state
          data[index] = lane.data
        }
        raw.pointee.advance(states.baseAddress, data.baseAddress, UInt32(lanes.count), blocks)
      }
    }
  }
}

/// A message's part in a kernel's call.
struct Lane {
  let state: UnsafeMutablePointer<cdl_state>
  var data: UnsafePointer<UInt8>
  /// Whole blocks at `data`.
  var blocks: Int
}

extension DigestAlgorithm {
  /// Its name among the kernels.
  var lanes: cdl_algorithm {
    switch self {
    case .sha256: CDL_SHA256
    case .sha512: CDL_SHA512
    case .blake2b: CDL_BLAKE2B
    }
  }

  /// Bytes of a block.
  var blockBytes: Int { self == .sha256 ? 64 : 128 }
}
