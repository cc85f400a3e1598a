import LinuxSystem
import FoundationEssentials
import Glibc
import SystemPackage

/// The order that the helper receives.
struct SandboxOrder: Codable {
  enum Task: Codable {
    case step(SandboxPlan)
    /// Find out how steps with a root in a directory can be confined.
    case trial(String)
    /// Find out whether steps can see the files of an image.
    case mount(String)

    /// For errors.
    var name: String {
      switch self {
      case .step(let plan): plan.script.name
      case .trial(let path), .mount(let path): path
      }
    }
  }

  let task: Task
  /// Seconds between SIGTERM and SIGKILL.
  let grace: Int
}

/// What the helper reports about a step, one JSON object per line.
struct SandboxReport: Codable {
  /// Something that was created in the root for the step, and is removed after it.
  struct Made: Codable {
    enum Kind: String, Codable {
      case directory, placeholder, script
      /// A file with the host's view, in place of the root's own, which is beside it.
      case loan
    }
    let kind: Kind
    /// Absolute path in the root.
    let path: String
  }

  /// A ``MirrorError``.
  struct Fault: Codable {
    let errno: Int32?
    let subject: String
    let problem: String
    let remedy: Remedy?

    init(_ error: MirrorError) {
      if case .system(let number) = error.code { errno = number.rawValue } else { errno = nil }
      (subject, problem, remedy) = (error.subject, error.problem, error.remedy)
    }

    var error: MirrorError {
      MirrorError(
        errno.map { .system(Errno(rawValue: $0)) } ?? .invalid, subject, problem, remedy: remedy)
    }
  }

  var made: Made?
  var fault: Fault?
  /// How the step ended, as reported by `wait(2)`.
  var waitStatus: Int32?
  /// The answer to a trial.
  var confinement: Confinement?
  var canMount: Bool?

  /// Parses reports; a line that was cut off by a kill is ignored.
  static func lines(_ bytes: [UInt8]) -> [SandboxReport] {
    bytes.split(separator: UInt8(ascii: "\n")).compactMap {
      OutsideJSON.decode(SandboxReport.self, from: Array($0))
    }
  }

  /// Encodes a report, so that the processes that are forked later inherit what Swift looks up for the first one.
  static func prepare() {
    _ = try? JSONEncoder().encode(SandboxReport(made: Made(kind: .script, path: "/"), waitStatus: 0))
  }

  /// The helper's end of the pipe.
  struct Writer: Sendable {
    let raw: Int32

    func tell(_ report: SandboxReport) {
      guard let line = try? JSONEncoder().encode(report) else { return }
      // If this fails, nobody is left to report to.
      _ = write(raw, Array(line) + [UInt8(ascii: "\n")], line.count + 1)
    }

    func tell(_ error: MirrorError) { tell(SandboxReport(fault: Fault(error))) }

    func made(_ kind: Made.Kind, _ path: String) { tell(SandboxReport(made: Made(kind: kind, path: path))) }
  }
}
