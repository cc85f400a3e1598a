import MirrorModel
import CDigestLanes

/// Which kernel to use for a number of messages: measured, not guessed.
///
/// A vector kernel takes the same time for few messages as for all its lanes, so with few messages hashing
/// them one after the other is faster. `make -C Benchmarks/kernels calibrate` measures the speeds. On AMD's
/// Zen 4, with one thread, in GB/s:
///
///     messages          1     2     3     4     8    16
///     SHA-256 SHA-NI  1.8   3.6   4.4   4.6   4.6   4.6     OpenSSL 1.8, without SHA-NI 0.5
///             AVX-512 0.2   0.5   0.7   1.0   1.9   3.8
///             AVX2    0.2   0.5   0.7   1.0   1.9   1.9
///     SHA-512 AVX-512 0.4   0.8   1.2   1.5   3.1   3.1     OpenSSL 0.9
///             AVX2    0.4   0.8   1.2   1.6   1.6   1.6
///     BLAKE2b AVX-512 0.5   1.1   1.7   2.2   4.4   4.4     OpenSSL 1.0, our own C 1.1
///             AVX2    0.7   1.4   2.1   2.9   2.9   2.9
struct KernelTable: Sendable {
  private struct Row: Sendable {
    let fewest: Int
    let kernel: LaneKernel
  }

  private let rows: [[Row]]
  private let portable: [LaneKernel]

  /// A table for this CPU with these instruction sets.
  init(_ allowed: Set<InstructionSet>) {
    func row(_ algorithm: DigestAlgorithm, _ set: InstructionSet, from fewest: Int) -> Row? {
      guard allowed.contains(set), let kernel = LaneKernel(algorithm, set.isa) else { return nil }
      return Row(fewest: fewest, kernel: kernel)
    }
    rows = DigestAlgorithm.allCases.map { algorithm in
      switch algorithm {
      // Four streams of the SHA extensions are faster than sixteen lanes, and need only four tarballs.
      case .sha256:
        [
          row(.sha256, .shani, from: 1), row(.sha256, .armv8, from: 1), row(.sha256, .avx512, from: 3),
          row(.sha256, .avx2, from: 3),
        ]
      case .sha512:
        [
          row(.sha512, .avx512, from: 5), row(.sha512, .avx2, from: 3), row(.sha512, .avx512, from: 3),
          row(.sha512, .armv8, from: 1),
        ]
      case .blake2b:
        [
          row(.blake2b, .avx512, from: 5), row(.blake2b, .avx2, from: 2), row(.blake2b, .avx512, from: 2),
          allowed.isEmpty ? nil : Row(fewest: 1, kernel: LaneKernel(portable: .blake2b)),
        ]
      }
    }.map { $0.compactMap(\.self) }
    portable = DigestAlgorithm.allCases.map(LaneKernel.init(portable:))
  }

  /// The fastest kernel for this number of messages; nil if OpenSSL is faster.
  func kernel(_ algorithm: DigestAlgorithm, messages: Int) -> LaneKernel? {
    rows[algorithm.index].first { $0.fewest <= messages }?.kernel
  }

  /// The fastest kernel for this number of messages that are already in lanes.
  func lanes(_ algorithm: DigestAlgorithm, messages: Int) -> LaneKernel {
    kernel(algorithm, messages: messages) ?? portable[algorithm.index]
  }

  /// The number of tarballs a thread should hash at once to fill the lanes of every algorithm.
  func width(for algorithms: Set<DigestAlgorithm>) -> Int {
    algorithms.map { rows[$0.index].first?.kernel.lanes ?? 1 }.max() ?? 1
  }
}

extension InstructionSet {
  fileprivate var isa: cdl_isa {
    switch self {
    case .avx512: CDL_ISA_AVX512
    case .avx2: CDL_ISA_AVX2
    case .shani: CDL_ISA_SHANI
    case .armv8: CDL_ISA_ARMV8
    }
  }
}

extension DigestAlgorithm {
  fileprivate var index: Int {
    switch self {
    case .sha256: 0
    case .sha512: 1
    case .blake2b: 2
    }
  }
}
