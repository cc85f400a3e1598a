import ArgumentParser
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import mirrorctl

/// The examples of mirrorctl.conf(5), each between `.Bd` and `.Ed` after a comment with its name.
private struct ManualPage {
  var examples: [String: [String]] = [:]
  var results: [String: [String]] = [:]
  var files: [String: String] = [:]

  init(_ path: String) throws {
    var label: (kind: String, name: String)?
    var block: [String]?
    for line in try String(contentsOfFile: path, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    {
      if let match = line.firstMatch(of: /^\.\\" (example|result): (\w+)$/) {
        label = (String(match.1), String(match.2))
      } else if let match = line.firstMatch(of: /^\.\\" file: (\S+) (.+)$/) {
        files[String(match.1)] = String(match.2)
      } else if line.hasPrefix(".Bd -literal") {
        block = []
      } else if line == ".Ed", let text = block {
        if let label {
          if label.kind == "example" { examples[label.name] = text } else { results[label.name] = text }
        }
        (label, block) = (nil, nil)
      } else if block != nil {
        block?.append(String(line).replacing("\\e", with: "\\").replacing("\\&", with: ""))
      }
    }
  }
}

@Suite("mirrorctl.conf(5)") struct ManualTests {
  private static let path = "\(#filePath)".replacing(
    "Tests/mirrorctlTests/ManualTests.swift", with: "man/mirrorctl.conf.5")

  @Test("every example defines the elements that the page describes")
  func examples() throws {
    let page = try ManualPage(Self.path)
    #expect(page.examples.count >= 10)
    for (name, text) in page.examples {
      let workspace = try Workspace()
      for (file, content) in page.files { try workspace.shell("printf '%s\\n' '\(content)' > '\(file)'") }
      let conf = "\(workspace.path)/conf"
      try Data(text.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: conf))
      let dump = try workspace.run([Program.path.string, "config", "dump", "--config", conf])
      #expect(dump.status == 0, "\(name): \(dump.errorText)")
      let lines = dump.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
        String.init)
      // Always defined by the program.
      let own = lines.filter { !$0.hasPrefix("path/config: ") }
      if let result = page.results[name] { #expect(own == result, "\(name)") }
      #expect(!own.contains { $0.hasPrefix("# ") && $0.contains("is not defined") }, "\(name)")
    }
  }
}

@Suite("The manual pages") struct ManualOptionsTests {
  @Test("describe every option that a verb's --help lists")
  func options() throws {
    let man = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("man")
    let common = try String(contentsOfFile: man.appending("mirrorctl.8").string, encoding: .utf8)
    var missing: [String] = []
    for verb in Mirrorctl.configuration.subcommands where verb.configuration.shouldDisplay {
      let name = verb._commandName
      let page = try String(contentsOfFile: man.appending("mirrorctl-\(name).8").string, encoding: .utf8)
      for command in [verb] + verb.configuration.subcommands {
        for option in command.helpMessage(columns: 500).matches(of: /--([a-z][a-z0-9-]*)/).map(\.1) {
          let written = "\\-\(option)"
          if !page.contains(written) && !common.contains(written) { missing.append("\(name): --\(option)") }
        }
      }
    }
    #expect(missing == [])
  }
}
