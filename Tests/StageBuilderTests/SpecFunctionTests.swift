import FlexData
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Functions of the steps, with stand-ins for the programs of a stage.
@Suite("Functions of the steps")
struct SpecFunctionTests {
  let workspace: Workspace
  private let elements: [String: String]

  init() throws {
    workspace = try Workspace()
    let specs = try SpecSite().elements("stage1")
    elements = try ["steps/setup", "steps/setup/sandboxes", "steps/setup/portage"].reduce(into: [:]) {
      $0[$1] = try specs.lines($1)?.joined(separator: "\n")
    }
    try workspace.shell("mkdir bin; ln -s \"$(command -v readlink)\" bin")
    for name in ["sandbox", "mount"] { try make(name, "exit 0") }
  }

  /// Makes a program of the stage.
  private func make(_ name: String, _ text: String) throws { try workspace.program("bin/\(name)", text) }

  /// Runs a script after `steps/setup`, with only the programs of the stage; returns its output.
  private func run(_ script: String, with bash: String = "bash") throws -> String {
    let text = "\(elements["steps/setup"] ?? "")\nPATH='\(workspace.path)/bin'\n\(script)\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: workspace.path.appending("script").string))
    return try workspace.shell("\(bash) script").text
  }

  /// A function of `steps/setup/portage`.
  private func function(_ name: String) throws -> String {
    let text = try #require(elements["steps/setup/portage"])
    let start = try #require(text.firstRange(of: "\n\(name)() {\n"))
    let end = try #require(text[start.upperBound...].firstRange(of: "\n}\n"))
    return String(text[start.lowerBound..<end.upperBound])
  }

  @Test(
    "a sandbox of Portage that cannot work is turned off, and no other",
    arguments: [
      (missing: "", failing: "-x", off: ""), ("sandbox", "-x", "sandbox usersandbox"),
      ("mount", "-x", "mount-sandbox pid-sandbox"), ("", "-u", "network-sandbox"), ("", "-i", "ipc-sandbox"),
      ("", "-p", "pid-sandbox"), ("", "-m", "mount-sandbox pid-sandbox"),
    ])
  func sandboxes(missing: String, failing: String, off: String) throws {
    try make(
      "unshare", "case \" $* \" in *\" \(failing) \"*) echo 'Operation not permitted' >&2; exit 1 ;; esac")
    if !missing.isEmpty { try workspace.shell("rm bin/\(missing)") }
    let output = try run("FEATURES=clean-logs\n\(elements["steps/setup/sandboxes"] ?? "")\necho $FEATURES")
    let features = ["clean-logs"] + off.split(separator: " ").map { "-\($0)" }
    #expect(output.hasSuffix("\(features.joined(separator: " "))\n"))
    for name in off.split(separator: " ") {
      #expect(output.contains(">>> FEATURES: \(name) is turned off: "))
    }
    #expect(output.split(separator: "\n").count == features.count)
    if missing.isEmpty, !off.isEmpty { #expect(output.contains("` failed: Operation not permitted\n")) }
  }

  @Test("an emulator turns all of them off, except those that FEATURES turned off before")
  func emulated() throws {
    try make("unshare", "exit 0")
    try workspace.shell("cp \"$(command -v bash)\" qemu-stand-in")
    let output = try run(
      "FEATURES=-pid-sandbox\n\(elements["steps/setup/sandboxes"] ?? "")\necho $FEATURES",
      with: "./qemu-stand-in")
    #expect(
      output.hasSuffix(
        "\n-pid-sandbox -sandbox -usersandbox -ipc-sandbox -mount-sandbox -network-sandbox\n"))
    #expect(output.contains("qemu-stand-in emulates the architecture\n"))
  }

  @Test("the compiler and binutils of a separate root are selected there")
  func toolchain() throws {
    try make("portageq", "echo x86_64-pc-linux-gnu")
    for name in ["gcc-config", "binutils-config", "env-update"] { try make(name, "echo \(name) $* in $ROOT") }
    try workspace.shell(
      """
      mkdir -p root/etc/env.d/gcc; cd root/etc/env.d/gcc
      touch config-x86_64-pc-linux-gnu x86_64-pc-linux-gnu-14 x86_64-pc-linux-gnu-15
      """)
    let output = try run(
      "export ROOT=\(workspace.path)/root\n\(try function("select_toolchain"))\nselect_toolchain")
    let root = "\(workspace.path)/root"
    #expect(output == "gcc-config x86_64-pc-linux-gnu-14 in \(root)\nenv-update in \(root)\n")
  }
}
