import ArgumentParser
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import mirrorctl

/// `Workspace` and `GoldenMirror` validate all JSON of all tests; these tests check that the schemas exist.
@Suite("The schemas of --json")
struct SchemaTests {
  @Test("exist for exactly the verbs with the option")
  func verbs() throws {
    let described = try FileManager.default.contentsOfDirectory(atPath: OutputSchema.directory.string)
      .filter { $0.hasSuffix(".schema.json") }.map { $0.dropLast(".schema.json".count) }
    let verbs = Self.verbs(Mirrorctl.configuration.subcommands, [])
    #expect(Set(described.map(String.init)) == Set(verbs + ["common", "hook", "ami"]))
  }

  private static func verbs(_ commands: [any ParsableCommand.Type], _ path: [String]) -> [String] {
    commands.flatMap { command -> [String] in
      let name = path + [command._commandName]
      let subcommands = command.configuration.subcommands
      guard subcommands.isEmpty else { return verbs(subcommands, name) }
      return command.helpMessage(columns: 200).contains("--json") ? [name.joined(separator: "-")] : []
    }
  }

  @Test("name all keys in lower camel case")
  func style() throws {
    for file in try FileManager.default.contentsOfDirectory(atPath: OutputSchema.directory.string) {
      let data = try Data(contentsOf: URL(fileURLWithPath: OutputSchema.directory.appending(file).string))
      let keys = Self.keys(try JSONSerialization.jsonObject(with: data))
      #expect(keys.filter { $0.firstMatch(of: /^[a-z]+([A-Z0-9][a-z0-9]*)*$/) == nil } == [], "\(file)")
    }
  }

  /// The names of all properties; recursion is safe because the schemas are ours.
  private static func keys(_ schema: Any) -> [String] {
    if let list = schema as? [Any] { return list.flatMap(keys) }
    guard let object = schema as? [String: Any] else { return [] }
    let own = (object["properties"] as? [String: Any]).map { Array($0.keys) } ?? []
    return own + object.values.flatMap(keys)
  }

  @Test(
    "reject documents with another version, a missing key or an extra key",
    arguments: [
      #"{"version": 1, "mirror": "/m", "paths": []}"#, #"{"version": 2, "mirror": "/m"}"#,
      #"{"version": 2, "mirror": "/m", "paths": [], "extra": 1}"#,
    ])
  func strictness(document: String) throws {
    #expect(try OutputSchema.problem(of: Array(document.utf8), by: ["empties", "--json"]) != nil)
  }

  /// `EC2Site` validates each record and journal that it reads.
  @Test("describe records of images, and reject wrong ones")
  func records() throws {
    let record = """
      {"version": 1, "provider": "ec2", "section": "ec2", "name": "stage4", "token": "t", "architecture": "arm64",
       "source": {"bytes": 1, "sha256": "\(String(repeating: "0", count: 64))"},
       "images": [{"region": "eu-west-1", "image": "ami-1", "snapshots": ["snap-1"]}]}
      """
    func problem(_ text: String) throws -> String? {
      try OutputSchema.problem(of: Array(text.utf8), "ami.schema.json")
    }
    #expect(try problem(record) == nil)
    for (right, wrong) in [
      ("\"version\": 1", "\"version\": 2"), ("000", "00"), ("\"token\"", "\"tokens\""), ("\"ami-1\"", "null"),
    ] {
      #expect(try problem(record.replacing(right, with: wrong)) != nil, "\(wrong)")
    }
  }
}
