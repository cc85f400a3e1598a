import Testing

@testable import LinuxSystem

@Suite("Names") struct RawNameTests {
  @Test("are ordered by their bytes, a beginning before the whole")
  func ordered() {
    let names: [[UInt8]] = [
      [], [0], [0, 1], [0x2e], [0x2f], [0x2f, 0xff], [0x61], [0x61, 0x62], [0x80], [0xff],
    ]
    for (i, left) in names.enumerated() {
      for (k, right) in names.enumerated() {
        #expect((MirrorPath(bytes: left) < MirrorPath(bytes: right)) == (i < k))
        #expect((FileName(bytes: left) == FileName(bytes: right)) == (i == k))
      }
    }
  }

  @Test("have the directories that contain them, each once")
  func directories() {
    let paths: [MirrorPath] = ["a/b/c/d", "a/b/e", "f", "a/b/c/g", "h/i"]
    #expect(Set(directoriesOf: paths) == ["a", "a/b", "a/b/c", "h"])
  }
}

@Suite("Two functions at the same time") struct MeanwhileTests {
  private func fail(_ problem: String) throws(MirrorError) -> Int {
    throw MirrorError(.invalid, "x", problem)
  }

  @Test("run at the same time, and both end before either result is given")
  func together() throws {
    let (mine, others) = (Monitor(false), Monitor(false))
    // Each waits for the other one.
    let (first, second) = try Meanwhile.run({
      others.withLock { $0 = true }
      return mine.wait { $0 ? 2 : nil }
    }) {
      mine.withLock { $0 = true }
      return others.wait { $0 ? 1 : nil }
    }
    #expect(first == 1)
    #expect(second == 2)
  }

  @Test("a failure is thrown after the other function has ended")
  func waits() {
    let (failed, hasEnded) = (Monitor(false), Monitor(false))
    #expect(throws: MirrorError.self) {
      _ = try Meanwhile.run({
        _ = failed.wait { $0 ? true : nil }
        hasEnded.withLock { $0 = true }
      }) { () throws(MirrorError) in
        failed.withLock { $0 = true }
        _ = try fail("own")
      }
    }
    #expect(hasEnded.withLock { $0 })
  }

  @Test("the failure of the calling thread comes first")
  func failures() {
    let error = #expect(throws: MirrorError.self) {
      _ = try Meanwhile.run({ () throws(MirrorError) in try fail("other") }) {
        () throws(MirrorError) in try fail("own")
      }
    }
    #expect(error?.problem == "own")
    let other = #expect(throws: MirrorError.self) {
      _ = try Meanwhile.run({ () throws(MirrorError) in try fail("other") }) { () throws(MirrorError) in 1 }
    }
    #expect(other?.problem == "other")
  }
}
