import StageBuilder
import Testing

@Suite("What a build's end is called")
struct BuildOutcomeTests {
  @Test("outcomes are written by their names")
  func names() { #expect(BuildOutcome.interrupted.rawValue == "interrupted") }
}
