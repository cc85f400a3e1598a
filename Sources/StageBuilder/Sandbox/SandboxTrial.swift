import LinuxSystem
import FoundationEssentials
import Glibc
import SystemPackage

/// A step that does nothing, to find out whether steps can run.
enum SandboxTrial {
  /// Runs it in a separate process, which enters a user namespace for ordinary users; returns its error
  /// output if it failed.
  ///
  /// - Parameter emulators: it registers these.
  static func fault(registering emulators: [Emulator] = []) throws(MirrorError) -> String? {
    var template = Array("/tmp/mirrorctl-doctor-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw .system(lastErrno(), "create a directory", "/tmp") }
    let place = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { _ = try? HostProgram.ask(["rm", "-rf", place]) }
    let root = "\(place)/root"
    try checked(mkdir(root, 0o755), "create", root)
    // The host's own programs, to have a shell.
    let programs: [String] = ["/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/gnu"]
    let binds = programs.filter { access($0, F_OK) == 0 }.map { path in
      SandboxPlan.Bind(source: path, target: path, isReadOnly: true)
    }
    let plan = SandboxPlan(
      root: root, mounts: binds, network: .none,
      hostName: "doctor", emulators: emulators, script: .init(name: "doctor", text: "#!/bin/sh\nexit 0\n"),
      environment: ["PATH": "/usr/bin:/bin"])
    let file = "\(place)/plan"
    do { try JSONEncoder().encode(plan).write(to: URL(filePath: file)) } catch {
      throw MirrorError(.invalid, file, "cannot be written: \(error)")
    }
    let script = "message=$(\"$0\" step \"$1\" 2>&1) || echo \"${message:-exit status $?}\""
    let said = try HostProgram.ask(["/bin/sh", "-c", script, OwnProgram.path.canonical.string, file])
    let text = String(decoding: said, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
    guard !text.isEmpty else { return nil }
    let prefix = "mirrorctl: "
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
  }
}
