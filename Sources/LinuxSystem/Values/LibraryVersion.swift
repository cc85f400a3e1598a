import CLinux

/// A library that this program uses, and its version. Each module lists those that it wraps.
package struct LibraryVersion: Hashable, Sendable {
  package let name: String
  package let version: String

  package init(_ name: String, _ version: String) {
    self.name = name
    self.version = version
  }

  /// A version from a C library; empty if there is none.
  package init(_ name: String, _ version: UnsafePointer<CChar>?) {
    self.init(name, version.map { String(cString: $0) } ?? "")
  }

  /// A version that the library encodes as a decimal number, with three digits for the minor version and the patch.
  package init(_ name: String, number: Int) {
    self.init(name, "\(number / 1_000_000).\(number / 1000 % 1000).\(number % 1000)")
  }
}

extension LibraryVersion {
  /// The C library and libseccomp.
  package static var system: [LibraryVersion] {
    [
      LibraryVersion("glibc", clinux_libc_version()),
      LibraryVersion("libseccomp", number: Int(clinux_seccomp_version())),
    ]
  }
}
