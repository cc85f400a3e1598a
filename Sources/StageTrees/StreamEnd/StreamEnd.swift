package import LinuxSystem
package import MirrorModel
import Hashing
package import SystemPackage

/// Judges, while a compressed tarball is read, whether its stream is all there, without decompressing it.
///
/// Each must begin as its name says. xz: footer and index, from the end; zst: the chain of block headers, on the way;
/// bz2: the mark at the end. Whether the rest of a gzip stream is there, only decompressing tells.
package struct StreamEnd: StreamJudge {
  private let compression: Compression
  private var frames = ZstdFrames()

  package init(_ compression: Compression) { self.compression = compression }

  /// Takes the next bytes of the file; all of them must come by, in order.
  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    if compression == .zst { frames.take(bytes) }
  }

  /// What is wrong with the file, of `size` bytes that all came by.
  ///
  /// - Throws: what keeps its ends from being read.
  func fault(of file: borrowing Descriptor, size: Int64) throws(Errno) -> StreamFault? {
    try Self.fault(of: file, size: size, compression) { _ throws(Errno) in frames.isWhole }
  }

  /// The same of a file that nobody read.
  package static func fault(
    of file: borrowing Descriptor, size: Int64, _ compression: Compression,
    frames: (borrowing Descriptor) throws(Errno) -> Bool = ZstdFrames.areWhole
  ) throws(Errno) -> StreamFault? {
    let head = try file.bytes(upTo: 6)
    // Nothing, or the zeros that a power cut leaves where content was not written yet.
    guard head.contains(where: { $0 != 0 }) else { return .cutOff }
    guard Compression(magic: head) == compression else { return .otherKind }
    let isWhole =
      switch compression {
      case .xz: try XZEnd.isWhole(file, size: size)
      case .bz2: try Bzip2End.isWhole(file, size: size)
      case .gz: true
      case .zst: try frames(file)
      }
    return isWhole ? nil : .cutOff
  }
}

extension AnchoredDirectory {
  /// What is wrong with a compressed tarball below this directory, by a look at its ends.
  package func fault(of tarball: Tarball) throws(MirrorError) -> StreamFault? {
    guard let compression = tarball.compression else { return nil }
    let file = try file(tarball.path)
    return try attempt("read", displayed(tarball.path)) { () throws(Errno) in
      try StreamEnd.fault(of: file, size: tarball.status.size, compression)
    }
  }
}
