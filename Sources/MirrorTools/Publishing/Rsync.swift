import Glibc
import SystemPackage

/// Runs rsync for one target.
///
/// Everything is named: no run sends or removes what is not on the list that it is given.
struct Rsync: Sendable {
  let target: PublishTarget
  let progress: RunProgress
  let cancellation: Cancellation
  /// Milliseconds before the first retry; each later one waits twice as long.
  var patience: UInt32 = 2000

  /// What lies there, or below a directory of it.
  ///
  /// - Parameter filters: rsync's `--include` and `--exclude`.
  /// - Throws: when any part of it cannot be listed.
  func list(_ filters: [String]) throws(MirrorError) -> RemoteListing {
    let outcome = try run(
      ["--list-only", "--recursive", "--links", "--no-human-readable", "--no-motd"] + filters,
      ["--", target.destination.argument()], transfers: false)
    return try RemoteListing(parsing: outcome.output, of: target.subject)
  }

  /// Something to send: a path below a directory of this host.
  struct Item {
    let base: FilePath
    let path: MirrorPath
  }

  /// Sends files and links, and nothing else.
  ///
  /// - Parameters:
  ///   - step: what progress calls it.
  ///   - bytes: what it will be, for progress.
  ///   - directory: where to, below the target; it is made.
  func send(
    _ items: [Item], _ options: [String] = [], as step: String, bytes: Int64, to directory: String = ""
  ) throws(MirrorError) {
    guard !items.isEmpty else { return }
    progress.begin(step, bytes: bytes, files: 0)
    defer { progress.end() }
    let names: [UInt8] = items.flatMap { item -> [UInt8] in
      // What stands before `/./` is only where it is found.
      Array(item.base.bytes.drop { $0 == UInt8(ascii: "/") }) + Array("/./".utf8) + item.path.bytes + [0]
    }
    _ = try run(
      [
        "--times", "--links", "--omit-link-times", "--safe-links", "--perms", "--chmod=F644",
        "--no-implied-dirs", "--partial-dir=\(RsyncLeftover.directory)", "--delay-updates",
        "--from0", "--files-from=-",
        "--info=progress2", "--no-human-readable", "--outbuf=N",
      ] + (directory.isEmpty ? [] : ["--mkpath"]) + options,
      ["--", "/", target.destination.argument(below: directory)], input: names, transfers: true)
  }

  /// Removes exactly these paths, directories only if nothing else is in them.
  ///
  /// - Parameter empty: a directory that holds the directories that stay, and nothing else.
  func remove(_ paths: [MirrorPath], staying: Set<MirrorPath>, empty: FilePath) throws(MirrorError) {
    guard !paths.isEmpty else { return }
    let rules: [UInt8] = (staying.sorted() + paths).flatMap { path -> [UInt8] in Self.pattern(path) + [0] }
    _ = try run(
      [
        "--recursive", "--existing", "--delete-delay", "--max-delete=\(paths.count)", "--safe-links",
        "--from0", "--include-from=-", "--exclude=*",
      ], ["--", "\(empty)/", target.destination.argument()], input: rules, transfers: true)
  }

  /// A filter rule that means one path: a backslash stands for itself unless there are wildcards.
  static func pattern(_ path: MirrorPath) -> [UInt8] {
    let wild = Array("*?[".utf8)
    let backslash = UInt8(ascii: "\\")
    let slash = UInt8(ascii: "/")
    guard path.bytes.contains(where: wild.contains) else { return [slash] + path.bytes }
    return [slash]
      + path.bytes.flatMap { byte -> [UInt8] in
        wild.contains(byte) || byte == backslash ? [backslash, byte] : [byte]
      }
  }

  /// Runs it, again and again while it fails for reasons that may pass.
  private func run(
    _ options: [String], _ places: [String], input: [UInt8] = [], transfers: Bool
  ) throws(MirrorError) -> HostProgram.Outcome {
    let command = ["rsync"] + common(transfers) + options + places
    var delay = patience
    var failures = 0
    while true {
      let outcome = try HostProgram.run(
        command, input: input, environment: environment, leads: true, mask: 0o022,
        cancellation: cancellation, heard: transfers ? { hear($0) } : nil)
      if outcome.status == 0 { return outcome }
      let complaint = String(decoding: outcome.errors, as: UTF8.self)
      guard failures < target.retries, RsyncFault.isTransient(outcome.status, complaint) else {
        throw RsyncFault.error(outcome.status, complaint, of: target.subject)
      }
      failures += 1
      try cancellation.wait(milliseconds: delay)
      delay = min(delay &* 2, 300_000)
    }
  }

  /// Listings are read in C and UTC. Without a password rsync would ask for one at the terminal.
  private var environment: [String: String] {
    let language = ["LC_ALL": "C", "TZ": "UTC"]
    return getenv("RSYNC_PASSWORD") == nil ? language.merging(["RSYNC_PASSWORD": ""]) { $1 } : language
  }

  private func common(_ transfers: Bool) -> [String] {
    var options = ["--timeout=600"]
    switch target.destination {
    case .daemon:
      options.append("--contimeout=60")
      if let file = target.passwordFile { options.append("--password-file=\(file)") }
    case .shell: options.append("--rsh=\(shell.joined(separator: " "))")
    case .path: break
    }
    if transfers, let rate = target.bytesPerSecond { options.append("--bwlimit=\(max(1, rate / 1024))") }
    return options
  }

  /// The remote shell's command; ssh must not ask, nor wait for ever. What the configuration says goes first.
  var shell: [String] {
    guard let program = target.shell.first, FilePath(program).lastComponent?.string == "ssh" else {
      return target.shell
    }
    return target.shell + [
      "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=30",
    ]
  }

  /// `      1,234  12% ...`: how many bytes are through.
  private func hear(_ output: [UInt8]) {
    let last = output.split(whereSeparator: { $0 == 0x0d || $0 == 0x0a }).last ?? []
    let word = last.drop { $0 == 0x20 }.prefix { $0 != 0x20 }
    guard let bytes = Int64(String(decoding: word, as: UTF8.self)) else { return }
    progress.set(bytes: bytes)
  }
}
