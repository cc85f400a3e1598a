import LinuxSystem
import Testing

@Suite("Users of this machine")
struct AccountTests {
  @Test("are the same whichever threads ask at once")
  func threads() {
    let homes = Account.homes().map { "\($0.user) \($0.home)" }
    #expect(homes.contains { $0.hasPrefix("root /") })
    let isSame = Workers.map(Array(0..<200), jobs: 8) { _ in
      Account.name(of: 0) == "root" && Account.user(named: "root") == 0
        && Account.homes().map { "\($0.user) \($0.home)" } == homes
    }
    #expect(isSame.allSatisfy { $0 })
  }
}
