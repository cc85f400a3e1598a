import LinuxSystem
import Synchronization
import SystemPackage

/// Runs rsync for one destination.
///
/// Everything is named: no run sends or removes what is not on the list that it is given.
struct Rsync: Sendable {
  let destination: PublishDestination
  let progress: RunProgress
  let cancellation: Cancellation
  /// Milliseconds before the first retry; each later one waits twice as long.
  var patience: UInt32 = 2000
  /// What was found while it ran.
  let findings = Findings()

  /// What runs find out about the two sides.
  final class Findings: Sendable {
    private let state = Mutex<(lacks: SentRecord.Lacks, unreadable: [String])>(([], []))

    /// What the other side cannot keep.
    var lacks: SentRecord.Lacks {
      get { state.withLock { $0.lacks } }
      set { state.withLock { $0.lacks = newValue } }
    }

    /// What rsync says of files that it could not read here.
    var unreadable: [String] { state.withLock { $0.unreadable } }

    func add(_ fault: RsyncFault.Partial) {
      state.withLock { state in
        state.lacks.formUnion(fault.lacks)
        state.unreadable += fault.unreadable
      }
    }
  }

  /// What lies there, or below a directory of it.
  ///
  /// - Parameter filters: rsync's `--include` and `--exclude`.
  /// - Throws: when any part of it cannot be listed.
  func list(_ filters: [String]) throws(MirrorError) -> RemoteListing {
    let outcome = try run(
      ["--list-only", "--recursive", "--links", "--no-human-readable", "--no-motd"] + filters,
      ["--", destination.address.argument()], transfers: false
    ).outcome
    return try RemoteListing(parsing: outcome.output, of: destination.subject)
  }

  /// Something to send: a path below a directory of this host.
  struct Item {
    let base: FilePath
    let path: MirrorPath
  }

  /// Sends files and links, and nothing else.
  ///
  /// Times and links that the other side cannot keep are left out, and noted.
  ///
  /// - Parameters:
  ///   - step: what progress calls it.
  ///   - bytes: what it will be, for progress.
  ///   - directory: where to, below the destination; it is made.
  ///   - mayLack: whether files that cannot be read here may be missing there; they are noted.
  func send(
    _ items: [Item], _ options: [String] = [], as step: String, bytes: Int64, to directory: String = "",
    mayLack: Bool = false
  ) throws(MirrorError) {
    guard !items.isEmpty else { return }
    progress.begin(step, bytes: bytes, files: 0)
    defer { progress.end() }
    let standard =
      [
        "--links", "--omit-link-times", "--safe-links", "--perms", "--chmod=F644",
        "--no-implied-dirs", "--partial-dir=\(RsyncLeftover.directory)", "--delay-updates",
        "--from0", "--files-from=-",
        "--info=progress2", "--no-human-readable", "--outbuf=N",
      ] + (directory.isEmpty ? [] : ["--mkpath"])
    func send(_ options: [String]) throws(MirrorError) {
      let fault = try run(
        standard + options, ["--", "/", destination.address.argument(below: directory)],
        input: Self.names(items), transfers: true, bears: { $0.unreadable.isEmpty || mayLack }
      ).fault
      findings.add(fault)
    }
    if !findings.lacks.contains(.times) {
      try send(["--times"] + options)
      guard findings.lacks.contains(.times) else { return }
      // What came is as it should be, but for its permissions.
      return try send(
        options.filter { !["--ignore-existing", "--ignore-times"].contains($0) } + ["--checksum"])
    }
    try send(options)
  }

  /// Which of these files are not the same on the other side, or not there, by their content.
  func differing(_ items: [Item], as step: String, bytes: Int64) throws(MirrorError) -> Set<MirrorPath> {
    guard !items.isEmpty else { return [] }
    progress.begin(step, bytes: bytes, files: 0)
    defer { progress.end() }
    let outcome = try run(
      [
        "--dry-run", "--checksum", "--no-implied-dirs", "--from0", "--files-from=-", "--out-format=%i %n",
        // Either side is silent while it reads a large file.
        "--timeout=21600",
      ], ["--", "/", destination.address.argument()], input: Self.names(items), transfers: false
    ).outcome
    return Set(
      outcome.output.split(separator: UInt8(ascii: "\n")).compactMap { line in
        // `<fc........ NAME`, or `>f...` to a directory of this host.
        guard line.count > 12, "<>".utf8.contains(line[line.startIndex]),
          line[line.startIndex + 1] == UInt8(ascii: "f"),
          let name = RemoteListing.unescaped(line.dropFirst(12))
        else { return nil }
        return MirrorPath(bytes: name)
      })
  }

  /// Copies files from there into a directory of this host, under their paths.
  func fetch(_ paths: [MirrorPath], into directory: FilePath) throws(MirrorError) {
    guard !paths.isEmpty else { return }
    _ = try run(
      ["--no-implied-dirs", "--from0", "--files-from=-"],
      ["--", destination.address.argument(), "\(directory)/"],
      input: paths.flatMap { $0.bytes + [0] }, transfers: false)
  }

  private static func names(_ items: [Item]) -> [UInt8] {
    items.flatMap { item -> [UInt8] in
      // What stands before `/./` is only where it is found.
      Array(item.base.bytes.drop { $0 == UInt8(ascii: "/") }) + Array("/./".utf8) + item.path.bytes + [0]
    }
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
      ], ["--", "\(empty)/", destination.address.argument()], input: rules, transfers: true)
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
  ///
  /// - Parameter bears: whether what was done in part is good enough.
  private func run(
    _ options: [String], _ places: [String], input: [UInt8] = [], transfers: Bool,
    bears: (RsyncFault.Partial) -> Bool = { _ in false }
  ) throws(MirrorError) -> (outcome: HostProgram.Outcome, fault: RsyncFault.Partial) {
    let command = ["rsync"] + common(transfers) + options + places
    var delay = patience
    var failures = 0
    while true {
      let outcome = try HostProgram.run(
        command, input: input, environment: environment, leads: true, mask: mask,
        cancellation: cancellation, heard: transfers ? { hear($0) } : nil)
      if outcome.status == 0 { return (outcome, RsyncFault.Partial()) }
      let complaint = String(decoding: outcome.errors, as: UTF8.self)
      if let fault = RsyncFault.Partial(outcome.status, complaint), bears(fault) { return (outcome, fault) }
      guard failures < destination.retries, RsyncFault.isTransient(outcome.status, complaint) else {
        throw RsyncFault.error(outcome.status, complaint, of: destination.subject)
      }
      failures += 1
      try cancellation.wait(milliseconds: delay)
      delay = min(delay &* 2, 300_000)
    }
  }

  /// New directories of this host have the mode of the one that is published to.
  private var mask: Int32 {
    guard case .path(let path) = destination.address, let root = try? AnchoredDirectory(root: FilePath(path)),
      let status = try? root.status()
    else { return 0o022 }
    return Int32(~(status.mode | 0o700) & 0o777)
  }

  /// Listings are read in C and UTC. Without a password rsync would ask for one at the terminal.
  private var environment: [String: String] {
    let language = ["LC_ALL": "C", "TZ": "UTC"]
    return OwnProgram.variable("RSYNC_PASSWORD") == nil
      ? language.merging(["RSYNC_PASSWORD": ""]) { $1 } : language
  }

  private func common(_ transfers: Bool) -> [String] {
    var options = ["--timeout=600"]
    switch destination.address {
    case .daemon:
      options.append("--contimeout=60")
      if let file = destination.passwordFile { options.append("--password-file=\(file)") }
    case .shell: options.append("--rsh=\(shell.joined(separator: " "))")
    case .path: break
    }
    if transfers, let rate = destination.bytesPerSecond { options.append("--bwlimit=\(max(1, rate / 1024))") }
    return options
  }

  /// The remote shell's command; ssh must not ask, nor wait for ever. What the configuration says goes first.
  var shell: [String] {
    guard let program = destination.shell.first, FilePath(program).lastComponent?.string == "ssh" else {
      return destination.shell
    }
    return destination.shell + [
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
