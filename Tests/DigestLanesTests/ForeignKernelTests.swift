import CDigestLanes
import Foundation
import TestSupport
import Testing

/// The kernels of another architecture, run by QEMU and compared with OpenSSL here.
@Suite("Digest lanes of aarch64") struct ForeignKernelTests {
  /// Models of QEMU, and the kernels that one lane of each must have.
  enum Model: String, CaseIterable {
    /// Without instructions for SHA-512.
    case plain = "cortex-a53"
    case full = "max"

    var kernels: [String] {
      let common = ["sha256-scalar", "sha256-armv8", "sha512-scalar", "blake2b-scalar"]
      return self == .full ? common + ["sha512-armv8"] : common
    }
  }

  @Test("give the digests of OpenSSL", arguments: Model.allCases)
  func agree(model: Model) throws {
    let workspace = try Workspace()
    let program = "\(workspace.path)/answers"
    let here = URL(filePath: #filePath).deletingLastPathComponent()
    let lanes = here.appending(path: "../../Sources/CDigestLanes").standardized.path
    let sources = try FileManager.default.contentsOfDirectory(atPath: lanes).filter { $0.hasSuffix(".c") }
    try Clang.compile(
      [
        "--target=aarch64-linux-gnu", "-static", "-fuse-ld=lld", "-O2", "-I", "\(lanes)/include", "-o",
        program,
      ]
        + [here.appending(path: "answers.c").path] + sources.map { "\(lanes)/\($0)" })
    // An end of its own, an end without room for the length, and many blocks.
    for bytes in [1, 120, 128, 129, 1000, 4096] {
      let outcome = try Tool.run("qemu-aarch64-static", "-cpu", model.rawValue, program, "\(bytes)")
      try #require(outcome.status == 0, "\(outcome.output)")
      #expect(outcome.output == expected(model, bytes))
    }
  }

  private func expected(_ model: Model, _ bytes: Int) -> String {
    let algorithms = [("sha256", CDL_SHA256), ("sha512", CDL_SHA512), ("blake2b", CDL_BLAKE2B)]
    let widths = ["sha256-armv8": 4, "sha512-armv8": 2]
    var text = ""
    for (name, algorithm) in algorithms {
      for kernel in ["\(name)-scalar", "\(name)-armv8"] where model.kernels.contains(kernel) {
        let width = widths[kernel] ?? 1
        for count in 1...width {
          text += "\(kernel) \(count) of \(width)\n"
          for lane in 0..<count {
            let content = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 256 + lane * 13) }
            let digest = Message(Algorithm(raw: algorithm), bytes: content).peerDigest
            text += digest.map { String(format: "%02x", $0) }.joined() + "\n"
          }
        }
      }
    }
    return text
  }
}
