import LinuxSystem
import MirrorTools
import SystemPackage

/// What must be free on the machine before a target starts: `build/free-memory` and `build/free-disk`, in bytes.
struct RoomNeeds: Sendable {
  var memory: Int64 = 256 << 20
  var disk: Int64 = 256 << 20

  init() {}

  init(_ settings: BuildSettings) throws {
    memory = try Self.size("build/free-memory", settings) ?? memory
    disk = try Self.size("build/free-disk", settings) ?? disk
  }

  private static func size(_ key: String, _ settings: BuildSettings) throws -> Int64? {
    guard let text = try settings.text(key) else { return nil }
    guard let size = text == "0" ? 0 : Quantity.bytes(text) else {
      throw MirrorError(.invalid, key, "`\(text)` is not a size", remedy: "use a size such as 2G, or 0")
    }
    return size
  }

  /// Throws if a file system has too little space for a target.
  ///
  /// - Throws: code `refused`.
  func checkDisk(_ places: [FilePath]) throws(MirrorError) {
    for place in places {
      guard let free = place.freeBytes, free < disk else { continue }
      throw MirrorError(
        .refused, "\(place)", "has only \(humanBytes(free)) left, and a target needs \(humanBytes(disk))",
        remedy: "delete files there, or set build/free-disk")
    }
  }

  /// Whether there is enough memory for one more target.
  var hasMemory: Bool { FreeMemory.bytes.map { $0 >= memory } ?? true }
}
