import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Hooks")
struct HookTests {
  /// A mirror with one version, and a configuration.
  struct Site {
    let workspace: Workspace

    init(_ hooks: String) throws {
      workspace = try Workspace()
      try workspace.shell(
        "mkdir -p mirror/a/b/c/2026-11-01; cd mirror/a/b/c/2026-11-01; printf ok > status; echo x | xz > s.tar.xz"
      )
      let text = "[section hooks]\n\(hooks)\n"
      try Data(text.utf8).write(to: URL(fileURLWithPath: workspace.path.appending("conf").string))
    }

    func run(_ arguments: String..., environment: [String] = []) throws -> Outcome {
      let config = "MIRRORCTL_CONFIG=\(workspace.path.appending("conf"))"
      return try workspace.run(["env", config] + environment + workspace.command(arguments))
    }

    func text(_ name: String) -> String? {
      (try? Data(contentsOf: URL(fileURLWithPath: workspace.path.appending(name).string))).map {
        String(decoding: $0, as: UTF8.self)
      }
    }
  }

  @Test("receive success or failure as JSON, depending on their event")
  func events() throws {
    let site = try Site(
      """
      on-success: cat > "$HOME/$MIRRORCTL_VERB.success"
      on-failure: [
      cat > "$HOME/$MIRRORCTL_VERB.failure"
      echo told >> "$HOME/$MIRRORCTL_VERB.failure"
      ]
      """)
    let good = try site.run("upkeep", "--quiet")
    #expect(good.status == 0 && good.errorText == "" && good.text == "", "\(good.errorText)")
    #expect(site.text("upkeep.failure") == nil)
    let document = Array((site.text("upkeep.success") ?? "").utf8)
    #expect(try OutputSchema.problem(of: document, "hook.schema.json") == nil)
    let event = try JSONDecoder().decode(Event.self, from: Data(document))
    #expect(event.version == 2 && event.event == "success" && event.verb == "upkeep" && event.status == 0)
    #expect(event.mirror == site.workspace.mirror.string && event.at > 1_700_000_000 && !event.host.isEmpty)
    #expect(event.report?.steps.map(\.step) == ["receive", "compress", "digestgen", "index"])
    try site.workspace.shell("rm upkeep.success; mkdir mirror/index.json")
    #expect(try site.run("upkeep").status == 1)
    #expect(site.text("upkeep.success") == nil)
    let failure = try #require(site.text("upkeep.failure")).split(separator: "\n")
    #expect(failure.last == "told")
    let bad = try JSONDecoder().decode(Event.self, from: Data(failure[0].utf8))
    #expect(bad.event == "failure" && bad.status == 1 && bad.report?.steps.last?.status == 1)
    #expect(bad.messages.count == 1 && bad.messages[0].hasPrefix("index: "), "\(bad.messages)")
    #expect(event.messages == [])
    // A run that fails before it has a report.
    try site.workspace.shell("rm upkeep.failure")
    #expect(try site.run("verify", "/etc/passwd").status == 1)
    let early = try #require(site.text("verify.failure")).split(separator: "\n")
    let fault = try JSONDecoder().decode(Event.self, from: Data(early[0].utf8))
    #expect(
      fault.report == nil && fault.messages.first?.hasPrefix("/etc/passwd: is not in the mirror") == true)
  }

  @Test("that fail are reported, and hide no result")
  func failingHook() throws {
    let site = try Site("on-success: echo so sad; exit 7")
    let outcome = try site.run("upkeep")
    #expect(outcome.status == 0)
    #expect(outcome.text.contains("index: index.xml written"))
    #expect(!outcome.text.contains("so sad"), "standard output is for results")
    #expect(outcome.errorText.contains("so sad\n"))
    #expect(outcome.errorText.contains("mirrorctl: hooks/on-success: failed with exit status 7: "))
    let failing = try Site("on-failure: exit 7")
    try failing.workspace.shell("mkdir mirror/index.json")
    #expect(try failing.run("upkeep").status == 1)
  }

  @Test("are killed with all their children after their time limit")
  func limit() throws {
    let site = try Site(
      """
      on-success: trap '' TERM; sleep 301 & echo $! > "$HOME/child"; wait; sleep 300
      limit: 1s
      """)
    let outcome = try site.run("upkeep")
    #expect(outcome.status == 0)
    #expect(outcome.errorText.contains("on-success: was killed after 1 seconds"), "\(outcome.errorText)")
    try expectGone("child", site)
  }

  @Test("that print endlessly are also killed after their time limit")
  func loud() throws {
    let site = try Site("on-success: while :; do echo x; done\nlimit: 1s")
    let outcome = try site.run("upkeep")
    #expect(outcome.status == 0)
    #expect(outcome.errorText.contains("hooks/on-success: was killed after 1 seconds"))
  }

  @Test("are not waited for if a process they leave behind keeps printing")
  func loudLeftover() throws {
    let site = try Site(
      """
      on-success: [
      setsid sh -c 'echo $$ > "$HOME/child"; while echo x; do :; done' &
      while [ ! -s "$HOME/child" ]; do sleep 0.05; done
      ]
      limit: 30s
      """)
    #expect(try site.run("upkeep").status == 0)
    try expectGone("child", site)
  }

  /// Checks that the process whose ID a file contains ends soon.
  private func expectGone(_ name: String, _ site: Site) throws {
    let child = try #require(Int32((site.text(name) ?? "").dropLast()))
    for _ in 0..<500 {
      // It may be a zombie until init reaps it.
      let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
      if state.map({ $0.contains(") Z ") }) ?? true { return }
      usleep(20_000)
    }
    Issue.record("\(child) is still there")
  }

  @Test("leave no processes behind when they end")
  func background() throws {
    let site = try Site("on-success: sleep 301 & echo $! > \"$HOME/child\"")
    #expect(try site.run("upkeep").errorText == "")
    try expectGone("child", site)
  }

  @Test("run after the lock is released, and verbs in them run no hooks")
  func nested() throws {
    let site = try Site(
      """
      on-success: echo hook >> "$HOME/calls"; \(Program.path) digestgen --mirror "$M" && \(Program.path) upkeep --mirror "$M"
      """)
    let outcome = try site.run("upkeep", environment: ["M=\(site.workspace.mirror)"])
    #expect(outcome.status == 0 && outcome.errorText == "", "\(outcome.errorText)")
    #expect(site.text("calls") == "hook\n")
  }

  @Test("are run if the mirror does not exist", arguments: ["upkeep", "publish", "receive", "verify"])
  func missing(_ verb: String) throws {
    let site = try Site("on-failure: cat > \"$HOME/failed\"")
    try site.workspace.shell("mv mirror elsewhere")
    #expect(try site.run(verb).status == 1)
    #expect(site.text("failed")?.contains("\"status\":1") == true)
  }

  @Test("are not run if another run holds the lock")
  func busy() throws {
    let site = try Site("on-failure: touch \"$HOME/failed\"")
    let holder = try site.workspace.start([
      "flock", site.workspace.mirror.appending(".mirrorctl.lock").string, "sleep", "60",
    ])
    defer { kill(holder.pid, SIGKILL) }
    try site.workspace.shell("while flock -n mirror/.mirrorctl.lock true; do sleep 0.05; done")
    #expect(try site.run("upkeep").status == 10)
    #expect(site.text("failed") == nil)
  }

  @Test("are not run if the configuration's code must not run")
  func noHostCode() throws {
    let site = try Site("on-success: touch \"$HOME/ran\"")
    #expect(try site.run("upkeep", "--no-host-code").status == 0)
    #expect(site.text("ran") == nil)
  }

  @Test("are checked by config check")
  func settings() throws {
    let site = try Site("on-sucess: true\nlimit: soon")
    let check = try site.workspace.run([
      Program.path.string, "config", "check", "--config", site.workspace.path.appending("conf").string,
    ])
    #expect(
      check.errorText.contains(
        "on-sucess: is not a setting of [section hooks]: did you mean on-success?"), "\(check.errorText)")
    #expect(check.status == 1)
    let late = try Site("limit: soon")
    #expect(try late.run("upkeep").errorText.contains("hooks/limit: `soon` is not a time: use 90s"))
  }

  struct Event: Decodable {
    struct Report: Decodable {
      struct Step: Decodable {
        let step: String
        let status: Int32
      }
      let steps: [Step]
    }
    let version: Int
    let event: String
    let verb: String
    let mirror: String
    let host: String
    let at: Int64
    let status: Int32
    let messages: [String]
    let report: Report?
  }
}
