import Foundation
import TestSupport

/// The mirrorctl binary built with these tests.
enum Built {
  static let mirrorctl = {
    let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return "\(tests.map { $0.split(separator: "/").dropLast().map { "/" + $0 }.joined() } ?? "")/mirrorctl"
  }()

  static var exists: Bool { FileManager.default.isExecutableFile(atPath: mirrorctl) }

  static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    try Tool.run("sh", arguments: ["-c", #"exec "$0" "$@" </dev/null"#, mirrorctl] + arguments)
  }
}
