import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The program that a step runs in its root.
struct StepProgram {
  private let command: [String]
  /// What to run if the command fails with `fallbackError`; after every error if that is 0.
  private let otherwise: [String]
  private let fallbackError: Int32
  /// For errors.
  private let name: String

  /// - Parameter script: its path in the root. Without an interpreter in its first line, `/bin/sh` runs it.
  init(script: String) {
    (command, otherwise, fallbackError, name) = ([script], ["/bin/sh", script], ENOEXEC, script)
  }

  /// The root's shell: bash, or what there is if bash cannot run.
  static let shell = StepProgram()

  private init() {
    command = ["/bin/bash", "--login", "-i"]
    (otherwise, fallbackError, name) = (["/bin/sh", "-i"], 0, "/bin/sh")
  }

  /// Starts it as a child of pid 1, whose root and standard descriptors it shares.
  func start(_ plan: SandboxPlan, _ calls: CallFilter) throws(MirrorError) -> pid_t {
    var failed: UnsafePointer<CChar>?
    let pid = withCStrings(command) { command in
      withCStrings(otherwise) { otherwise in
        withCStrings(plan.environment.map { "\($0)=\($1)" }) { environment in
          calls.program.withUnsafeBytes { filter in
            var step = clinux_step(
              filter: filter.baseAddress, filter_bytes: filter.count,
              takes_terminal: plan.interactive ? 1 : 0, is_32bit: plan.personality == .linux32 ? 1 : 0,
              fallback_error: fallbackError)
            return clinux_start_step(command, otherwise, environment, &step, &failed)
          }
        }
      }
    }
    guard pid < 0 else { return pid }
    throw fault(lastErrno(), in: failed.map { String(cString: $0) } ?? "clone", plan)
  }

  private func fault(_ error: Errno, in call: String, _ plan: SandboxPlan) -> MirrorError {
    guard call == "execve" else { return .system(error, "start with \(call)(2)", plan.script.name) }
    return MirrorError(
      .system(error), name, "cannot be run: \(error)",
      remedy: "check the interpreter in its first line, and the architecture of the root")
  }
}
