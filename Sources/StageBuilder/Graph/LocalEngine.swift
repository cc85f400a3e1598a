import LinuxSystem
import MirrorModel
import Synchronization
import SystemPackage

/// Builds targets in this process, each on a thread of its own.
final class LocalEngine: BuildEngine {
  /// What is done for a target.
  typealias Work = @Sendable (TargetRun) -> TargetEnd

  let capacity: Int
  private let work: Work
  private let context: BuildContext
  private let anchor: Shared<AnchoredDirectory>
  private let progress: GraphProgress?
  /// The benches that no target uses.
  private let benches: Mutex<[Bench]>
  /// The number of jobs that all targets share; nil if each has a number of its own.
  private let sharedJobs: Int?
  private let jobServer = Mutex<JobServer?>(nil)
  private let ended = Monitor<[(id: Int, end: TargetEnd)]>([])

  /// - Parameter progress: receives what happens to each target, if there are several.
  init(
    _ context: BuildContext, _ anchor: Shared<AnchoredDirectory>, jobs: Int, progress: GraphProgress?,
    _ work: @escaping Work
  ) {
    capacity = jobs
    self.work = work
    // A single target has all jobs to itself.
    sharedJobs = jobs > 1 ? Workers.processors + 1 : nil
    self.context = context
    self.anchor = anchor
    self.progress = progress
    benches = Mutex(
      (0..<jobs).reversed().map { Bench(number: $0, sandbox: $0 == 0 ? context.sandbox : Sandbox()) })
  }

  func prepare(_ facts: RequestFacts) throws -> [String] {
    // Each bench prepares itself for its first target; what stops one stops all.
    guard let bench = benches.withLock({ $0.last }) else { return [] }
    return try bench.prepare(facts.temporary, context)
  }

  func hasRoom(for node: BuildNode, isAlone: Bool) throws(MirrorError) -> Bool {
    guard !node.isThere else { return true }
    do throws(MirrorError) { try node.room.checkDisk([node.temporary, context.root]) } catch {
      if isAlone { throw error }
      return false
    }
    return isAlone || node.room.hasMemory
  }

  func start(_ node: BuildNode) {
    guard let bench = benches.withLock({ $0.popLast() }) else { return }
    let body: @Sendable () -> Void = { [self] in
      let end = build(node, on: bench)
      benches.withLock { $0.append(bench) }
      ended.withLock { $0.append((node.id, end)) }
    }
    // Without a thread, one target is built after the other.
    if !BackgroundThread.start(body) { body() }
  }

  func next() -> (id: Int, end: TargetEnd) { ended.wait { $0.isEmpty ? nil : $0.removeFirst() } }

  /// Steps end by themselves, because the cancellation of the context ends them.
  func cancel() {}

  /// Removes the directories that targets shared, once all of them ended.
  ///
  /// The thread of a target may have this value until the program exits, and then would not remove them.
  func end() { benches.withLock { $0.forEach { $0.end() } } }

  private func build(_ node: BuildNode, on bench: Bench) -> TargetEnd {
    var context = context
    context.sandbox = bench.sandbox
    progress?.watch(node, &context)
    do {
      _ = try bench.prepare(node.temporary, context)
      let scripts = try bench.scripts(in: node.temporary)
      context.jobServer = try server(in: scripts)
      let run = TargetRun(
        planned: node.target, request: node.request, context: context, anchor: anchor,
        records: node.records.map {
          VersionRecords($0, version: node.request.version.description, root: anchor)
        },
        scripts: scripts, missing: node.missing, earlier: node.earlier)
      return context.jobServer?.hold { work(run) } ?? work(run)
    } catch {
      var entry = BuildReport.Target(
        name: node.target.name, outcome: BuildOutcome(of: error, otherwise: .aborted, context.cancellation),
        isOptional: node.target.isOptional)
      entry.problem = context.text(error)
      return TargetEnd(entry: entry)
    }
  }
}

extension LocalEngine {
  /// The one of all targets; the first of them makes it.
  private func server(in directory: FilePath) throws(MirrorError) -> JobServer? {
    guard let sharedJobs else { return nil }
    return try jobServer.withLock { server throws(MirrorError) in
      if let server { return server }
      let made = try JobServer(sharedJobs, in: directory)
      server = made
      return made
    }
  }
}

/// What targets that are built one after the other share: a helper process, and directories for the scripts of host steps.
private final class Bench: Sendable {
  let sandbox: Sandbox
  private let number: Int
  private let directories = Mutex<[FilePath: ScriptDirectory]>([:])

  init(number: Int, sandbox: Sandbox) {
    self.number = number
    self.sandbox = sandbox
  }

  /// Throws if this machine cannot build at all.
  ///
  /// - Parameter temporary: `path/tmp`.
  /// - Returns: warnings, the first time.
  func prepare(_ temporary: FilePath, _ context: BuildContext) throws -> [String] {
    try directories.withLock { directories in
      guard directories[temporary] == nil else { return [] }
      let runs = temporary.appending("run")
      let name = "\(OwnProgram.pid)" + (number == 0 ? "" : "-\(number + 1)")
      let made = ScriptDirectory(
        try WorkDirectory(runs.appending(name), cancellation: context.cancellation))
      let warnings = number == 0 ? WorkDirectory.sweeping(runs, context.cancellation) : []
      try check(made.path, context)
      directories[temporary] = made
      return warnings
    }
  }

  func scripts(in temporary: FilePath) throws -> FilePath {
    guard let path = directories.withLock({ $0[temporary]?.path }) else {
      throw MirrorError(.invalid, "\(temporary)", "has no directory for scripts", remedy: "run again")
    }
    return path
  }

  /// Removes the directories.
  func end() { directories.withLock { $0 = [:] } }

  private func check(_ scripts: FilePath, _ context: BuildContext) throws(MirrorError) {
    let script = SandboxPlan.Script(name: "check", text: "#!/bin/sh\n")
    let plan = SandboxPlan(root: nil, script: script, scriptDirectory: scripts.string)
    let null = try attempt("open", "/dev/null") { () throws(Errno) in try Descriptor(writing: "/dev/null") }
    let end = try sandbox.run(plan, output: null, cancellation: context.cancellation)
    guard end == .exited(0) else {
      throw MirrorError(
        .invalid, "the sandbox", "cannot run /bin/sh on this machine", remedy: "see \(run: .doctor)")
    }
  }
}

/// The directory for the scripts of host steps, removed with this value.
private final class ScriptDirectory: Sendable {
  let path: FilePath
  private let directory: WorkDirectory

  init(_ directory: consuming WorkDirectory) {
    path = directory.path
    self.directory = directory
  }
}
