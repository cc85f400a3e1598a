import MirrorModel
import LinuxSystem
import CLibArchive
import SystemPackage

/// The one place that judges libarchive's results.
enum LibArchive {
  /// Anything but success is a fault: a warning would mean a filter run as an external program.
  static func check(
    _ result: Int32, _ archive: OpaquePointer, _ operation: String, _ subject: @autoclosure () -> String
  ) throws(MirrorError) {
    guard result != ARCHIVE_OK else { return }
    throw fault(of: archive, operation, subject())
  }

  /// What libarchive says went wrong last.
  static func fault(of archive: OpaquePointer, _ operation: String, _ subject: String) -> MirrorError {
    let number = Errno(rawValue: archive_errno(archive))
    switch number {
    case .noSpace, .diskQuotaExceeded, .ioError, .fileTooLarge, .noMemory:
      return .system(number, operation, subject)
    default:
      let text = archive_error_string(archive).map { String(cString: $0) } ?? "no reason given"
      return MirrorError(.library, subject, "cannot \(operation): \(escaped(Array(text.utf8)))")
    }
  }
}

extension Compression {
  /// libarchive's number of the filter.
  var filterCode: Int32 {
    switch self {
    case .gz: ARCHIVE_FILTER_GZIP
    case .bz2: ARCHIVE_FILTER_BZIP2
    case .xz: ARCHIVE_FILTER_XZ
    case .zst: ARCHIVE_FILTER_ZSTD
    }
  }

  /// libarchive's name of the filter, for its options.
  var filterName: String {
    switch self {
    case .gz: "gzip"
    case .bz2: "bzip2"
    case .xz: "xz"
    case .zst: "zstd"
    }
  }
}
