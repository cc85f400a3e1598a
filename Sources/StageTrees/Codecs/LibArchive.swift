import MirrorModel
import LinuxSystem
import CLibArchive
import SystemPackage

/// Evaluates libarchive's results, in one place.
enum LibArchive {
  /// Anything but success is an error: a warning would mean that a filter runs as an external program.
  static func check(
    _ result: Int32, _ archive: OpaquePointer, _ operation: String, _ subject: @autoclosure () -> String
  ) throws(MirrorError) {
    guard result != ARCHIVE_OK else { return }
    throw fault(of: archive, operation, subject())
  }

  /// libarchive's last error.
  static func fault(of archive: OpaquePointer, _ operation: String, _ subject: String) -> MirrorError {
    let number = Errno(rawValue: archive_errno(archive))
    switch number {
    case .noSpace, .diskQuotaExceeded, .ioError, .fileTooLarge, .noMemory:
      return .system(number, operation, subject)
    default:
      let text = archive_error_string(archive).map { String(cString: $0) } ?? "no reason given"
      return MirrorError(.library, subject, "cannot \(operation): \(MemberFault.excerpt(Array(text.utf8)))")
    }
  }
}

extension Compression {
  /// libarchive's number for the filter.
  var filterCode: Int32 {
    switch self {
    case .gz: ARCHIVE_FILTER_GZIP
    case .bz2: ARCHIVE_FILTER_BZIP2
    case .xz: ARCHIVE_FILTER_XZ
    case .zst: ARCHIVE_FILTER_ZSTD
    }
  }

  /// libarchive's name for the filter, in options.
  var filterName: String {
    switch self {
    case .gz: "gzip"
    case .bz2: "bzip2"
    case .xz: "xz"
    case .zst: "zstd"
    }
  }
}
