import Glibc
import SystemPackage

/// This machine's name.
package enum HostName {
  /// As `hostname` prints it.
  package static var current: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// The properties of this machine.
package enum HostMachine {
  /// The version of the kernel, as `uname -r` prints it: `6.1.0-42-amd64`.
  package static var kernel: String {
    var names = utsname()
    guard uname(&names) == 0 else { return "" }
    return withUnsafeBytes(of: names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// The page size in bytes.
  package static var pageSize: Int { max(1, sysconf(Int32(_SC_PAGESIZE))) }

  /// The memory size in bytes.
  package static var memory: UInt64 {
    UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)))).multipliedReportingOverflow(by: UInt64(pageSize))
      .partialValue
  }

  /// Throws if so few files may be open that no run could end well: libraries need some at any time.
  package static func checkOpenFiles() throws(MirrorError) {
    guard let limit = openFiles, limit < leastOpenFiles else { return }
    throw MirrorError(
      .system(.tooManyOpenFiles), "mirrorctl", "only \(limit) files can be open at a time",
      remedy: "raise the limit to at least \(leastOpenFiles) (ulimit -n)")
  }

  private static let leastOpenFiles: UInt64 = 64

  /// The maximum number of open files of the program; nil if unknown.
  package static var openFiles: UInt64? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    return UInt64(limit.rlim_cur)
  }
}
