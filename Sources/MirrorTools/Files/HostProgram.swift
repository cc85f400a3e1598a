import Foundation

/// A program of the host that is asked something.
enum HostProgram {
  /// Runs it and gives what it prints; what it says on standard error goes where ours does.
  ///
  /// - Parameter environment: added to our own.
  /// - Throws: when it cannot be started, or fails.
  static func ask(
    _ command: [String], input: [UInt8] = [], environment: [String: String] = [:]
  ) throws(MirrorError) -> [UInt8] {
    let name = command.first ?? ""
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (source, sink) = (Pipe(), Pipe())
    process.standardInput = source
    process.standardOutput = sink
    do {
      try process.run()
      // Written beside the reading: neither pipe may fill while the other waits.
      let writer = Thread {
        try? source.fileHandleForWriting.write(contentsOf: input)
        try? source.fileHandleForWriting.close()
      }
      writer.start()
      let output = try sink.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      guard process.terminationReason == .exit, process.terminationStatus == 0 else {
        let status = process.terminationStatus
        let how =
          process.terminationReason == .exit
          ? "failed with exit status \(status)" : "was ended by signal \(status)"
        let remedy = status == 127 ? "install it, or check the path" : "see what it says, or run it by hand"
        throw MirrorError(.invalid, name, how, remedy: remedy)
      }
      return Array(output)
    } catch let error as MirrorError {
      throw error
    } catch {
      throw MirrorError(.invalid, name, "cannot be run: \(error)", remedy: "check the path")
    }
  }

  /// Runs blocks of Python in one interpreter, and gives what each printed.
  static func python(_ blocks: [String]) throws(MirrorError) -> [String] {
    // `os` is imported and the blocks share their names, as in Metro.
    let driver = """
      import io, json, os, sys
      names, outputs = {"os": os}, []
      for block in json.load(sys.stdin):
          terminal, sys.stdout = sys.stdout, io.StringIO()
          try:
              exec(compile(block, "<?python", "exec"), names)
              outputs.append(sys.stdout.getvalue())
          finally:
              sys.stdout = terminal
      json.dump(outputs, sys.stdout)
      """
    let input: Data
    do { input = try JSONEncoder().encode(blocks) } catch {
      throw MirrorError(.invalid, "<?python", "cannot be handed over: \(error)")
    }
    let output = try ask(["python3", "-I", "-c", driver], input: Array(input))
    guard let outputs = try? JSONDecoder().decode([String].self, from: Data(output)),
      outputs.count == blocks.count
    else {
      throw MirrorError(
        .invalid, "python3", "answered what is no list of texts", remedy: "see what it prints")
    }
    return outputs
  }
}
