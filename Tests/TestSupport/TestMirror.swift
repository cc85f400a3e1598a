public import Foundation
public import SystemPackage

/// A mirror in a temporary directory, removed with its value.
public final class TestMirror: Sendable {
  /// Where it lies.
  public let root: FilePath

  /// An empty one.
  public init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "mirrorctl-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    root = FilePath(url.path)
  }

  deinit { try? FileManager.default.removeItem(atPath: root.string) }

  /// The absolute path of something in it.
  public func path(_ relative: String) -> String { "\(root)/\(relative)" }

  /// Writes a file, with the directories above it.
  public func file(_ relative: String, _ text: String = "") throws { try file(relative, Data(text.utf8)) }

  /// Writes a file, with the directories above it.
  public func file(_ relative: String, _ content: Data) throws {
    try makeParent(of: relative)
    try content.write(to: URL(filePath: path(relative)))
  }

  /// Makes a symbolic link, with the directories above it.
  public func link(_ relative: String, to target: String) throws {
    try makeParent(of: relative)
    try FileManager.default.createSymbolicLink(atPath: path(relative), withDestinationPath: target)
  }

  /// What a link says; nil if there is none.
  public func target(of relative: String) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: path(relative))
  }

  /// The content of a file; nil if there is none.
  public func content(_ relative: String) -> Data? { FileManager.default.contents(atPath: path(relative)) }

  /// The names in a directory, hidden ones too, sorted.
  public func names(in relative: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path(relative)).sorted()
  }

  private func makeParent(of relative: String) throws {
    let parent = URL(filePath: path(relative)).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
  }
}
