import CLinux
import Glibc
package import SystemPackage

/// An extended attribute: a name and a value, such as `security.capability`.
package struct ExtendedAttribute: Hashable, Sendable {
  /// The kernel's limit for a value, in bytes.
  package static let largest = 1 << 16

  package let name: FileName
  package let value: [UInt8]

  package init(name: FileName, value: [UInt8]) {
    self.name = name
    self.value = value
  }

  /// All attributes of a node, in byte order of their names; none if the file system does not support them.
  ///
  /// - Parameter node: open for reading, or held by `O_PATH`; then the attributes are only accessible through
  ///   `/proc`.
  package static func all(of node: borrowing Descriptor, isHeld: Bool) throws(Errno) -> [ExtendedAttribute] {
    let place = Place(node, isHeld: isHeld)
    guard let list = try place.read({ place.list($0) }), !list.isEmpty else { return [] }
    var attributes: [ExtendedAttribute] = []
    for name in list.split(separator: 0).map({ FileName(bytes: Array($0)) }).sorted() {
      // An attribute that disappeared since it was listed is ignored.
      if let value = try place.read({ place.get(name, $0) }) {
        attributes.append(ExtendedAttribute(name: name, value: value))
      }
    }
    return attributes
  }

  /// Sets it on a node.
  package func set(on node: borrowing Descriptor, isHeld: Bool) throws(Errno) {
    let place = Place(node, isHeld: isHeld)
    try retrying {
      name.withCString { name in
        value.withUnsafeBytes { value in
          isHeld
            ? Int(setxattr(place.path, name, value.baseAddress, value.count, 0))
            : Int(fsetxattr(place.raw, name, value.baseAddress, value.count, 0))
        }
      }
    }
  }

  private struct Place {
    let raw: Int32
    let path: String
    let isHeld: Bool

    init(_ node: borrowing Descriptor, isHeld: Bool) {
      raw = node.raw
      // The magic link leads to the held node itself, even a symbolic link.
      path = isHeld ? "/proc/self/fd/\(node.raw)" : ""
      self.isHeld = isHeld
    }

    func list(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
      let names = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
      return isHeld ? listxattr(path, names, buffer.count) : flistxattr(raw, names, buffer.count)
    }

    func get(_ name: FileName, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
      name.withCString { name in
        isHeld
          ? getxattr(path, name, buffer.baseAddress, buffer.count)
          : fgetxattr(raw, name, buffer.baseAddress, buffer.count)
      }
    }

    /// The output of a call, with a buffer that is large enough; nil if there is none.
    func read(_ call: (UnsafeMutableRawBufferPointer) -> Int) throws(Errno) -> [UInt8]? {
      // Nearly always small; the kernel's limit for a value and for a list is 64 KiB.
      for size in [256, largest] {
        let result: Result<[UInt8]?, Errno> = withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) {
          buffer in
          let count = call(buffer)
          if count >= 0 { return .success(Array(buffer.prefix(count))) }
          let error = lastErrno()
          return error == .notSupported || error == .noData ? .success(nil) : .failure(error)
        }
        do throws(Errno) { return try result.get() } catch {
          guard error == .outOfRange, size < largest else { throw error }
        }
      }
      return nil
    }
  }
}
