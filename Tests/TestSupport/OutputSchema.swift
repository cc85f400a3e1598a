import Foundation
public import SystemPackage

/// Validates the program's JSON with the schemas in `share/schema`.
public enum OutputSchema {
  /// The directory of the schemas.
  public static let directory = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("share/schema")

  /// The name of the schema for a command line, e.g. `keys-show`; nil if its verb has none.
  public static func name(of arguments: [String]) -> String? {
    let words = arguments.drop { $0.hasPrefix("-") }
    guard let verb = words.first else { return nil }
    let names = [verb] + words.dropFirst().prefix(1).map { "\(verb)-\($0)" }
    return names.last {
      FileManager.default.fileExists(atPath: directory.appending("\($0).schema.json").string)
    }
  }

  /// The problem with the output of a command line; nil if it is valid or `--json` was not given.
  public static func problem(of output: [UInt8], by arguments: [String]) throws -> String? {
    guard arguments.prefix(while: { $0 != "--" }).contains("--json") else { return nil }
    let schema = name(of: arguments).map { "\($0).schema.json" } ?? "common.schema.json#/$defs/error"
    return try problem(of: output, schema)
  }

  /// The problem with a document; nil if it is valid.
  public static func problem(of document: [UInt8], _ schema: String) throws -> String? {
    let check = """
      import json, jsonschema, sys
      base = "file://" + sys.argv[1] + "/"
      draft = jsonschema.Draft202012Validator
      resolver = jsonschema.RefResolver(base, None)
      schema = {"$ref": sys.argv[2]}
      draft.check_schema(resolver.resolve(base + sys.argv[2].split("#")[0])[1])
      error = jsonschema.exceptions.best_match(draft(schema, resolver=resolver).iter_errors(json.load(sys.stdin)))
      if error: sys.exit("%s: %s" % (error.json_path, error.message))
      """
    let outcome = try RunningProgram(
      ["python3", "-c", check, directory.string, schema],
      environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"], input: document
    ).wait()
    guard outcome.status != 0 else { return nil }
    return "\(schema): \(outcome.errorText)\n\(String(decoding: document, as: UTF8.self))"
  }
}
