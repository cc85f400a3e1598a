import LinuxSystem
import SystemPackage

/// What rsync's exit statuses mean, as its manual page lists them.
enum RsyncFault {
  /// What was not done by a run that did all else.
  struct Partial {
    var lacks: SentRecord.Lacks = []
    /// What is said of files that could not be read here.
    var unreadable: [String] = []

    init() {}

    /// nil if it failed in any other way too.
    init?(_ status: Int32, _ complaint: String) {
      guard status == 23 else { return nil }
      for line in complaint.split(separator: "\n") where !line.hasPrefix("rsync error:") {
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

    /// What Linux says where a file system has none.
    private static let noLinks = [
      "failed: Operation not permitted (1)", "failed: Function not implemented (38)",
      "failed: Operation not supported (95)",
    ]
  }

  private static let full = ["No space left on device", "Disk quota exceeded"]

  /// Whether trying again may help.
  static func isTransient(_ status: Int32, _ complaint: String) -> Bool {
    switch status {
    // Broken connections, timeouts; 255 is ssh's.
    case 10, 12, 30, 35, 255: !isPermanent(complaint)
    // The other side took away a directory that it found empty.
    case 23: complaint.contains("No such file or directory") && complaint.contains("mkstemp")
    case 5: complaint.contains("max connections")
    default: false
    }
  }

  /// What ssh and rsync say where no patience helps.
  private static func isPermanent(_ complaint: String) -> Bool {
    [
      "Permission denied", "Host key verification failed", "Could not resolve hostname", "command not found",
      "Name or service not known", "No such file or directory", "not found",
    ].contains { complaint.contains($0) }
  }

  /// An error for a run that failed.
  static func error(_ status: Int32, _ complaint: String, of subject: String) -> MirrorError {
    let (problem, usual) = meaning(status)
    let remedy = hints.first { complaint.contains($0.said) }?.remedy ?? usual
    let lines = complaint.split(separator: "\n").filter { !$0.hasPrefix("rsync error:") }
    let said = lines.first.map { ": \(escaped(Array($0.utf8)))" } ?? ""
    let isFull = full.contains { complaint.contains($0) }
    let code: MirrorError.Code = isFull ? .system(.noSpace) : status == 24 ? .changed : .library
    return MirrorError(code, subject, "\(problem) (rsync's status \(status))\(said)", remedy: remedy)
  }

  /// What helps where rsync says more than its status.
  private static let hints: [(said: String, remedy: String)] = [
    ("module is read only", "write `read only = no` in rsyncd.conf there"),
    ("Unknown module", "check the module's name in `to`"),
    ("could not open password file", "check publish/NAME/password-file"),
    ("password file must", "let nobody else read or own the password-file (chmod 600)"),
    ("auth failed", "check the user in `to`, and password-file"),
    ("Failed to exec", "install it, or check rsh"),
    ("No space left on device", "free some space there"),
    ("Disk quota exceeded", "free some space there"),
    ("Permission denied", "check permissions on both sides"),
    ("Read-only file system", "mount it writable there"),
    ("] mkdir \"", "make the directory in `to`, or check its path"),
    ("cannot stat destination", "check the path in `to`"),
    ("] change_dir", "make the directory in `to`, or check its path"),
  ]

  private static func meaning(_ status: Int32) -> (problem: String, remedy: String) {
    let other = "see what rsync says, and what the other side logs"
    switch status {
    case 1:
      return (
        "rsync does not understand its options, or refuses one", "is rsync older than 3.2 on either side?"
      )
    case 2: return ("the two sides speak different protocols", "is rsync older than 3.2 on either side?")
    case 3: return ("a file or directory cannot be selected", "check the path in `to`")
    case 4: return ("the other side cannot do what is asked", other)
    case 5: return ("the daemon refuses", "check module, access and password-file")
    case 10: return ("the connection failed", "check host and port, and whether it is reachable")
    case 11: return ("a file cannot be read or written", other)
    case 12:
      return ("the connection broke", "is rsync installed there, and the disk not full? Else run again")
    case 13, 14: return ("rsync cannot go on", other)
    case 20: return ("rsync was interrupted", "run again to go on")
    case 21, 22: return ("rsync ran out of memory or processes", "run again when there is less to do")
    case 23:
      return (
        "not everything could be transferred", "check permissions, and that the directory in `to` is there"
      )
    case 24: return ("files vanished while they were sent", "run again")
    case 25: return ("the limit of deletions was reached", "raise max-delete if so much should go")
    case 30: return ("the other side did not answer in time", "run again later")
    case 35: return ("the daemon did not answer in time", "run again later")
    case 127: return ("rsync or its remote shell is not to be found", "install it, or check rsh")
    case 255: return ("the remote shell failed", "try it by hand: ssh must ask nothing")
    case 129...: return ("rsync was ended by signal \(status - 128)", "run again to go on")
    default: return ("rsync failed", other)
    }
  }
}
