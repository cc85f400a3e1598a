import Foundation
import Glibc
import SystemPackage
import TestSupport

/// A headless Chromium, driven through its debugging protocol over two FIFOs.
final class Browser {
  /// Settings for viewing a page.
  struct View {
    var width = 1200
    var isDark = false
    var runsScripts = true
  }

  struct Gone: Error {}

  // Outlives the program, which writes to it.
  private let workspace: Workspace
  private let program: RunningProgram
  private let requests: FileDescriptor
  private let answers: FileDescriptor
  private var buffer: [UInt8] = []
  private var number = 0
  private var session: String?
  private var loads = 0
  /// Messages of the console, the log and the policy.
  private(set) var complaints: [String] = []
  /// Requested URLs.
  private(set) var loaded: [String] = []

  init(in workspace: Workspace) throws {
    self.workspace = workspace
    try workspace.shell("mkfifo requests answers")
    program = try workspace.start([
      "timeout", "--signal=KILL", "120", "sh", "-c", #"exec "$@" 3<"$0/requests" 4>"$0/answers""#,
      workspace.path.string, "chromium-headless-shell", "--no-sandbox", "--remote-debugging-pipe",
      "--user-data-dir=\(workspace.path)/chromium", "--disable-gpu", "--disable-dev-shm-usage", "about:blank",
    ])
    requests = try .open(workspace.path.appending("requests"), .writeOnly)
    answers = try .open(workspace.path.appending("answers"), .readOnly)
    let target = try call("Target.createTarget", ["url": "about:blank"])["targetId"] as? String
    let attached = try call("Target.attachToTarget", ["targetId": target ?? "", "flatten": true])
    session = attached["sessionId"] as? String
    for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] { try call("\(domain).enable") }
  }

  deinit {
    session = nil
    _ = try? call("Browser.close")
    try? requests.close()
    try? answers.close()
    _ = try? program.wait()
    // Its helpers, in the group led by timeout, would continue to write to the workspace.
    kill(-program.pid, SIGKILL)
    while kill(-program.pid, 0) == 0 { usleep(5_000) }
  }

  /// Loads a page, and waits until it has run its script.
  func open(_ url: String, _ view: View = View()) throws {
    (complaints, loaded) = ([], [])
    try call(
      "Emulation.setDeviceMetricsOverride",
      ["width": view.width, "height": 800, "deviceScaleFactor": 1, "mobile": false])
    try call("Emulation.setScrollbarsHidden", ["hidden": true])
    let scheme = ["name": "prefers-color-scheme", "value": view.isDark ? "dark" : "light"]
    try call("Emulation.setEmulatedMedia", ["features": [scheme]])
    try call("Emulation.setScriptExecutionDisabled", ["value": !view.runsScripts])
    // A change of the fragment alone would load nothing.
    try go("about:blank")
    (complaints, loaded) = ([], [])
    try go(url)
  }

  private func go(_ url: String) throws {
    let before = loads
    try call("Page.navigate", ["url": url])
    while loads == before { note(try receive()) }
  }

  /// The value of an expression on the page, as JSON.
  func evaluate(_ expression: String) throws -> Any? {
    let answer = try call(
      "Runtime.evaluate",
      ["expression": expression, "returnByValue": true, "userGesture": true, "awaitPromise": true])
    return (answer["result"] as? [String: Any])?["value"]
  }

  func text(_ expression: String) throws -> String { try evaluate("String(\(expression))") as? String ?? "" }
  func list(_ expression: String) throws -> [String] {
    try evaluate("Array.from(\(expression))") as? [String] ?? []
  }

  /// Presses a key, or types a text.
  func press(_ key: String) throws {
    for type in ["rawKeyDown", "keyUp"] {
      let code = ["Tab": 9, "Enter": 13][key] ?? 0
      try call("Input.dispatchKeyEvent", ["type": type, "key": key, "windowsVirtualKeyCode": code])
    }
  }

  func type(_ text: String) throws { try call("Input.insertText", ["text": text]) }

  /// Role and name of everything exposed to assistive technology.
  func accessibleNodes() throws -> [(role: String, name: String)] {
    let nodes = try call("Accessibility.getFullAXTree")["nodes"] as? [[String: Any]] ?? []
    return nodes.filter { $0["ignored"] as? Bool != true }.map { node in
      func value(_ key: String) -> String { (node[key] as? [String: Any])?["value"] as? String ?? "" }
      return (value("role"), value("name"))
    }
  }

  /// Writes a request; a browser that has exited is an error, not the end of all tests by SIGPIPE.
  private func send(_ bytes: [UInt8]) throws {
    var (blocked, before) = (sigset_t(), sigset_t())
    sigemptyset(&blocked)
    sigaddset(&blocked, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &blocked, &before)
    defer {
      var now = timespec()
      while sigtimedwait(&blocked, nil, &now) == SIGPIPE {}
      pthread_sigmask(SIG_SETMASK, &before, nil)
    }
    try requests.writeAll(bytes)
  }

  @discardableResult
  private func call(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
    number += 1
    var message: [String: Any] = ["id": number, "method": method, "params": parameters]
    if let session { message["sessionId"] = session }
    try send(Array(try JSONSerialization.data(withJSONObject: message)) + [0])
    while true {
      let answer = try receive()
      if answer["id"] as? Int == number { return answer["result"] as? [String: Any] ?? answer }
      note(answer)
    }
  }

  private func note(_ event: [String: Any]) {
    let parameters = event["params"] as? [String: Any] ?? [:]
    switch event["method"] as? String {
    case "Page.loadEventFired": loads += 1
    case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
      complaints.append("\(parameters)")
    case "Network.requestWillBeSent":
      loaded.append((parameters["request"] as? [String: Any])?["url"] as? String ?? "")
    default: break
    }
  }

  private func receive() throws -> [String: Any] {
    while true {
      if let end = buffer.firstIndex(of: 0) {
        let message = Data(buffer[..<end])
        buffer.removeSubrange(...end)
        return try JSONSerialization.jsonObject(with: message) as? [String: Any] ?? [:]
      }
      var chunk = [UInt8](repeating: 0, count: 65536)
      let count = try chunk.withUnsafeMutableBytes { try answers.read(into: $0) }
      guard count > 0 else { throw Gone() }
      buffer += chunk.prefix(count)
    }
  }
}
