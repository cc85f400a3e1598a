import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("The jobs that targets share")
struct JobServerTests {
  /// Takes all tokens that are there, as make does.
  private func tokens(of server: JobServer) throws -> Int {
    let pipe = open(server.path.string, O_RDWR | O_NONBLOCK)
    try #require(pipe >= 0)
    defer { close(pipe) }
    var bytes = [UInt8](repeating: 0, count: 100)
    return max(0, read(pipe, &bytes, 100))
  }

  @Test("are one fewer for each target, and all there again after the last one, whatever was not given back")
  func tokens() throws {
    let workspace = try Workspace()
    let server = try JobServer(3, in: workspace.path)
    let left = try server.hold {
      let inner = try server.hold { try tokens(of: server) }
      return try [inner, tokens(of: server)]
    }
    // What the first reader did not give back is missing, and what the inner target held is there.
    #expect(left == [1, 1])
    // More targets than jobs all start.
    let none = try server.hold {
      try server.hold { try server.hold { try server.hold { try tokens(of: server) } } }
    }
    #expect(none == 0)
    #expect(try tokens(of: server) == 3)
  }
}
