import LinuxSystem
import MirrorModel
import StageTrees
import SystemPackage

/// Reads the metadata in a binary package: one small file per key.
enum PackageMetadata {
  /// The keys that are read.
  private static let wanted = PackageEntry.metadata.union(["CATEGORY", "PF"])
  /// Maximum size of one value, and of all files of an archive, in bytes.
  private static let (largest, total): (Int64, Int64) = (1 << 20, 512 << 20)

  /// The values in an archive of metadata.
  ///
  /// - Parameter subject: the package's path, for messages.
  static func read(
    archive: [UInt8], subject: String, _ cancellation: Cancellation
  ) throws(MirrorError) -> [String: String] {
    let file = try attempt("store its metadata", subject) { () throws(Errno) in
      let file = try Descriptor(inMemory: "metadata")
      try file.write(archive)
      return file
    }
    let source = Shared(try TarballSource(file, subject: subject))
    return try TarballSource.read(source, cancellation: cancellation) { pipe throws(MirrorError) in
      var reader = try TarReader(pipe, subject: subject)
      return try values(&reader, subject)
    }
  }

  private static func values(
    _ reader: inout TarReader, _ subject: String
  ) throws(MirrorError) -> [String: String] {
    var (values, bytes): ([String: String], Int64) = ([:], 0)
    while let member = try reader.next() {
      let path = String(decoding: member.name, as: UTF8.self)
      guard case .regular(let size) = member.kind, path.hasPrefix("metadata/") else {
        throw GpkgReader.fault(subject, "has metadata that is not a file: \(escaped(member.name))")
      }
      bytes += min(size, total)
      guard bytes < total else { throw GpkgReader.fault(subject, "has more metadata than any package") }
      let key = String(path.dropFirst("metadata/".utf8.count))
      guard wanted.contains(key) else { continue }
      guard size <= largest else { throw GpkgReader.fault(subject, "has a value that is too long: \(key)") }
      var content: [UInt8] = []
      while let block = try reader.nextBlock() { content += block.bytes }
      values[key] = String(decoding: content, as: UTF8.self)
    }
    return values
  }

  /// The values in the segment at the end of an `.xpak` or `.tbz2`, in the format of xpak(5).
  static func read(
    xpak file: borrowing Descriptor, size: Int64, subject: String
  ) throws(MirrorError) -> [String: String] {
    func bytes(_ offset: Int64, _ count: Int) throws(MirrorError) -> [UInt8] {
      do throws(Errno) { return try file.bytes(from: offset, count: count) } catch {
        throw .system(error, "read", subject)
      }
    }
    func fault() -> MirrorError { GpkgReader.fault(subject, "is not a package: its metadata is damaged") }
    let trailer = try size < 24 ? [] : bytes(size - 16, 16)
    guard trailer.starts(with: "XPAKSTOP".utf8), trailer.suffix(4).elementsEqual("STOP".utf8),
      let length = number(trailer, at: 8), length >= 24, Int64(length) + 8 <= size, length <= 64 << 20
    else { throw fault() }
    let segment = try bytes(size - Int64(length) - 8, length)
    guard segment.count == length, segment.starts(with: "XPAKPACK".utf8), let names = number(segment, at: 8),
      let data = number(segment, at: 12), 16 + names + data + 8 == length
    else { throw fault() }
    var (values, position): ([String: String], Int) = ([:], 16)
    while position < 16 + names {
      guard let count = number(segment, at: position), position + 12 + count <= 16 + names,
        let offset = number(segment, at: position + 4 + count),
        let size = number(segment, at: position + 8 + count),
        offset + size <= data
      else { throw fault() }
      let key = String(decoding: segment[(position + 4)..<(position + 4 + count)], as: UTF8.self)
      if wanted.contains(key), size <= Int(largest) {
        let start = 16 + names + offset
        values[key] = String(decoding: segment[start..<(start + size)], as: UTF8.self)
      }
      position += 12 + count
    }
    return values
  }

  /// A big-endian number of four bytes; nil if there are fewer.
  private static func number(_ bytes: [UInt8], at offset: Int) -> Int? {
    guard offset >= 0, offset + 4 <= bytes.count else { return nil }
    return bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
  }
}
