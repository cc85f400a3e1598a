import FoundationEssentials
import LinuxSystem
import MirrorModel

/// What a finished target was made from: `log/NAME.inputs.json` of its version.
struct InputRecord: Codable {
  /// A file of the target.
  struct File: Codable, Hashable {
    /// In the directory of the version.
    let name: String
    let bytes: Int64
    /// In hexadecimal.
    let sha256: String
  }

  /// Of the form of the record.
  private(set) var version = 1
  /// The SHA-256 of the inputs.
  let key: String
  /// The tarball or image first; none if it is not known.
  let files: [File]
  let inputs: [String: String]
  /// Whether it was built twice, with the same result; nil if it was not.
  let reproduced: Bool?

  /// Larger ones are not read.
  private static let limit = 16 << 20

  init(_ inputs: TargetInputs, _ files: [File], reproduced: Bool?) {
    (key, self.inputs, self.files) = (inputs.key, inputs.values, files)
    self.reproduced = reproduced
  }

  private static func path(of target: String, in version: MirrorPath) -> MirrorPath {
    version.file(.log(MirrorPath(bytes: Array("\(target).inputs.json".utf8))))
  }

  /// The record of a target of a version; nil if there is none that can be read.
  static func read(_ target: String, of version: MirrorPath, in root: borrowing AnchoredDirectory)
    -> InputRecord?
  {
    guard let bytes = try? root.contents(of: path(of: target, in: version), limit: limit),
      let record = try? JSONDecoder().decode(InputRecord.self, from: Data(bytes)), record.version == 1,
      // Logs can come from other machines.
      record.files.allSatisfy({ !$0.name.isEmpty && !$0.name.hasPrefix(".") && !$0.name.utf8.contains(0x2f) })
    else { return nil }
    return record
  }

  /// Writes it, durable.
  func write(_ target: String, of version: MirrorPath, in root: borrowing AnchoredDirectory)
    throws(MirrorError)
  {
    let path = Self.path(of: target, in: version)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else {
      throw MirrorError(.library, "\(path)", "cannot be written as JSON")
    }
    let directory = try root.makePath(path.parent)
    try DurableFile.write(Array(data) + [0x0a], to: path.name, in: directory, try directory.fileOwnership())
  }

  /// Removes it: what it is about is made again.
  static func remove(_ target: String, of version: MirrorPath, in root: borrowing AnchoredDirectory)
    throws(MirrorError)
  {
    let path = path(of: target, in: version)
    guard try root.status(at: path) != nil else { return }
    try root.directory(path.parent).unlink(path.name)
  }
}
