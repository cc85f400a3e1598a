import MirrorModel
public import LinuxSystem
import SystemPackage

/// Mount points, bind mounts included.
public struct MountTable: Sendable {
  private let points: [[UInt8]]

  /// Absolute paths.
  init(points: [[UInt8]]) { self.points = points }

  /// The current mount points; source: proc(5), `/proc/self/mountinfo`.
  ///
  /// - Throws: ``MirrorError`` if `/proc` is not mounted: no removal is known to be safe then.
  public static func current() throws(MirrorError) -> MountTable {
    guard let text = ProcFile.bytes("/proc/self/mountinfo") else {
      let fault = lastErrno()
      guard fault == .noSuchFileOrDirectory else { throw .system(fault, "read", "/proc/self/mountinfo") }
      throw MirrorError(.system(fault), "/proc/self/mountinfo", "cannot be read", remedy: "mount /proc")
    }
    return MountTable(
      points: text.split(separator: UInt8(ascii: "\n")).compactMap { line in
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
        return fields.count > 4 ? unescaped(fields[4]) : nil
      })
  }

  /// Mount points inside a mirror.
  func points(in mirror: Mirror) -> [MirrorPath] {
    let prefix = mirror.absolute(.root) + [UInt8(ascii: "/")]
    return points.filter { $0.starts(with: prefix) }.map {
      MirrorPath(bytes: Array($0.dropFirst(prefix.count)))
    }
  }

  /// A path as mountinfo writes it: blanks and backslashes as three octal digits.
  static func escaped(_ path: [UInt8]) -> [UInt8] {
    path.flatMap { byte -> [UInt8] in
      guard [0x20, 0x09, 0x0a, 0x5c].contains(byte) else { return [byte] }
      let octal = String(byte, radix: 8)
      return Array("\\\(String(repeating: "0", count: 3 - octal.count))\(octal)".utf8)
    }
  }

  private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var rest = field
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3,
        let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        result.append(value)
        rest = rest.dropFirst(3)
      } else {
        result.append(byte)
      }
    }
    return result
  }
}
