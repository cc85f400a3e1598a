import MirrorModel
import CDigestLanes

/// Instruction sets used by kernels beyond the baseline of x86-64 or aarch64.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// 512-bit vectors.
  case avx512
  /// 256-bit vectors.
  case avx2
  /// The SHA extensions: only SHA-256.
  case shani
  /// The instructions of ARMv8 for SHA-256, and where the CPU has them, for SHA-512.
  case armv8
}

/// A kernel of `CDigestLanes` that hashes several messages side by side.
struct LaneKernel: @unchecked Sendable {
  private let raw: UnsafePointer<cdl_kernel>

  /// The kernel for an algorithm and instruction set; nil if the CPU or the operating system lacks it.
  init?(_ algorithm: DigestAlgorithm, _ isa: cdl_isa) {
    guard let raw = cdl_find(algorithm.lanes, isa) else { return nil }
    self.raw = raw
  }

  /// The portable kernel for an algorithm, for one message at a time.
  init(portable algorithm: DigestAlgorithm) { raw = cdl_portable(algorithm.lanes) }

  /// Number of messages hashed side by side.
  var lanes: Int { Int(raw.pointee.lanes) }

  /// Hashes `blocks` complete blocks of up to `lanes` messages, each from its own position.
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

/// The part of a message in a kernel call.
struct Lane {
  let state: UnsafeMutablePointer<cdl_state>
  var data: UnsafePointer<UInt8>
  /// Number of complete blocks at `data`.
  var blocks: Int
}

extension DigestAlgorithm {
  /// Its identifier in CDigestLanes.
  var lanes: cdl_algorithm {
    switch self {
    case .sha256: CDL_SHA256
    case .sha512: CDL_SHA512
    case .blake2b: CDL_BLAKE2B
    }
  }

  /// The size of a block in bytes.
  var blockBytes: Int { self == .sha256 ? 64 : 128 }
}
