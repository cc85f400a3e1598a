import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The program that a step runs in its root.
struct StepProgram {
  private let command: [String]
  /// For a script without an interpreter in its first line.
  private let otherwise: [String]

  /// - Parameter script: its path in the root.
  init(script: String) {
    command = [script]
    otherwise = ["/bin/sh", script]
  }

  /// The root's shell.
  static var shell: StepProgram {
    StepProgram(access("/bin/bash", X_OK) == 0 ? ["/bin/bash", "--login", "-i"] : ["/bin/sh", "-i"])
  }

  private init(_ command: [String]) {
    self.command = command
    otherwise = []
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
              takes_terminal: plan.interactive ? 1 : 0, is_32bit: plan.personality == .linux32 ? 1 : 0)
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
      .system(error), command[0], "cannot be run: \(error)",
      remedy: "check the interpreter in its first line, and the architecture of the root")
  }
}
