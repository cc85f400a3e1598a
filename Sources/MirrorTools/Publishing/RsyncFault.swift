import LinuxSystem
import SystemPackage

/// Meaning of rsync's exit statuses, as listed in its manual page.
enum RsyncFault {
  /// Items not transferred by a run that was otherwise successful.
  struct Partial {
    var lacks: SentRecord.Lacks = []
    /// Messages about files that could not be read here.
    var unreadable: [String] = []

    init() {}

    /// nil if it failed in any other way, too.
    init?(_ status: Int32, _ complaint: String) {
      guard status == 23 else { return nil }
      for line in complaint.split(whereSeparator: \.isNewline) where !line.hasPrefix("rsync error:") {
        if line.contains("failed to set times on ") {
          lacks.insert(.times)
        } else if line.contains("] symlink \""), Self.noLinks.contains(where: line.hasSuffix) {
          lacks.insert(.links)
        } else if line.contains("[sender] send_files failed to open ")
          || line.contains("[sender] read errors mapping ")
        {
          unreadable.append(escaped(Array(line.utf8)))
        } else if !line.hasPrefix("WARNING: ") {
          return nil
        }
      }
      if lacks.isEmpty, unreadable.isEmpty { return nil }
    }

    /// Messages of Linux for file systems without symbolic links.
    private static let noLinks = [
      "failed: Operation not permitted (1)", "failed: Function not implemented (38)",
      "failed: Operation not supported (95)",
    ]
  }

  private static let full = ["No space left on device", "Disk quota exceeded"]

  /// Whether a retry may help.
  static func isTransient(_ status: Int32, _ complaint: String) -> Bool {
    switch status {
    // Broken connections, timeouts; 255 is from ssh.
    case 10, 12, 30, 35, 255: !isPermanent(complaint)
    // The other side removed a directory that was empty.
    case 23: complaint.contains("No such file or directory") && complaint.contains("mkstemp")
    case 5: complaint.contains("max connections")
    default: false
    }
  }

  /// Whether ssh or rsync reports an error that no retry fixes.
  private static func isPermanent(_ complaint: String) -> Bool {
    [
      "Permission denied", "Host key verification failed", "Could not resolve hostname", "command not found",
      "Name or service not known", "No such file or directory", "not found",
    ].contains { complaint.contains($0) }
  }

  /// The error of a failed run.
  static func error(_ status: Int32, _ complaint: String, of subject: String) -> MirrorError {
    let (problem, usual) = meaning(status)
    let remedy = hints.first { complaint.contains($0.said) }?.remedy ?? usual
    let lines = complaint.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("rsync error:") }
    let said = lines.first.map { ": \(escaped(Array($0.utf8)))" } ?? ""
    let isFull = full.contains { complaint.contains($0) }
    let code: MirrorError.Code = isFull ? .system(.noSpace) : status == 24 ? .changed : .library
    return MirrorError(code, subject, "\(problem) (rsync status \(status))\(said)", remedy: remedy)
  }

  /// Remedies for specific messages of rsync.
  private static let hints: [(said: String, remedy: String)] = [
    ("module is read only", "set `read only = no` in rsyncd.conf there"),
    ("Unknown module", "check the module's name in `to`"),
    ("could not open password file", "check publish/NAME/password-file"),
    ("password file must", "make this user the owner of password-file, and chmod 600 it"),
    ("auth failed", "check the user in `to`, and password-file"),
    ("Failed to exec", "install it, or check rsh"),
    ("No space left on device", "free some space there"),
    ("Disk quota exceeded", "free some space there"),
    ("ssh: ", "try ssh by hand: it must reach the host without asking"),
    ("Permission denied", "check permissions on both sides"),
    ("Read-only file system", "mount it writable there"),
    ("] mkdir \"", "create the directory in `to`, or check its path"),
    ("cannot stat destination", "check the path in `to`"),
    ("] change_dir", "create the directory in `to`, or check its path"),
  ]

  private static func meaning(_ status: Int32) -> (problem: String, remedy: String) {
    let other = "see rsync's message, and the logs of the other side"
    switch status {
    case 1:
      return (
        "rsync does not support or refuses an option", "use rsync 3.2 or newer on both sides"
      )
    case 2: return ("the two sides speak different protocols", "use rsync 3.2 or newer on both sides")
    case 3: return ("a file or directory cannot be selected", "check the path in `to`")
    case 4: return ("the other side does not support the request", other)
    case 5: return ("the daemon refused the connection", "check module, access and password-file")
    case 10: return ("the connection failed", "check host, port and network")
    case 11: return ("a file cannot be read or written", other)
    case 12:
      return ("the connection broke", "check rsync and free disk space there, and run again")
    case 13, 14: return ("rsync cannot continue", other)
    case 20: return ("rsync was interrupted", "run again to continue")
    case 21, 22: return ("rsync ran out of memory or processes", "run again when the machine is less busy")
    case 23:
      return (
        "some files could not be transferred", "check permissions, and that the directory in `to` exists"
      )
    case 24: return ("files vanished during the transfer", "run again")
    case 25: return ("the limit of deletions was reached", "raise max-delete if this is intended")
    case 30: return ("the other side did not answer in time", "run again later")
    case 35: return ("the daemon did not answer in time", "run again later")
    case 127: return ("rsync or its remote shell not found", "install it, or check rsh")
    case 255: return ("the remote shell failed", "try it by hand: ssh must not prompt")
    case 129...: return ("rsync was killed by signal \(status - 128)", "run again to continue")
    default: return ("rsync failed", other)
    }
  }
}
