import LinuxSystem
import Synchronization
import SystemPackage

/// Runs rsync for one destination.
///
/// No run sends or removes anything that is not on the list passed to it.
struct Rsync: Sendable {
  let destination: PublishDestination
  let progress: RunProgress
  let cancellation: Cancellation
  /// The mirror; nil if nothing in it is read.
  var source: PublishSource?
  /// Milliseconds before the first retry; doubled for each further retry.
  var patience: UInt32 = 2000
  /// Seconds after which it is ended; nil for no limit.
  var limit: Int?
  /// Facts found while it ran.
  let findings = Findings()

  /// Facts about the two sides.
  final class Findings: Sendable {
    private let state = Mutex<(lacks: SentRecord.Lacks, unreadable: [String])>(([], []))

    /// Features that the other side does not support.
    var lacks: SentRecord.Lacks {
      get { state.withLock { $0.lacks } }
      set { state.withLock { $0.lacks = newValue } }
    }

    /// Messages of rsync about files that it could not read here.
    var unreadable: [String] { state.withLock { $0.unreadable } }

    func add(_ fault: RsyncFault.Partial) {
      state.withLock { state in
        state.lacks.formUnion(fault.lacks)
        state.unreadable += fault.unreadable
      }
    }
  }

  /// Lists the destination, or a directory in it.
  ///
  /// - Parameters:
  ///   - filters: `--include` and `--exclude` options of rsync.
  ///   - isShown: whether it is the step that the progress shows.
  /// - Throws: if any part of it cannot be listed.
  func list(_ filters: [String], isShown: Bool = true) throws(MirrorError) -> RemoteListing {
    if isShown { progress.begin("listing files", bytes: 0, files: 0) }
    defer { if isShown { progress.end() } }
    let outcome = try run(
      ["--list-only", "--recursive", "--links", "--no-human-readable", "--no-motd"] + filters,
      ["--", destination.address.argument()], transfers: false
    ).outcome
    return try RemoteListing(parsing: outcome.output, of: destination.subject)
  }

  /// A path to send, relative to a directory on this host.
  struct Item {
    let base: FilePath
    let path: MirrorPath
  }

  /// Sends files and links, and nothing else.
  ///
  /// Times and links that the other side does not support are omitted and recorded.
  ///
  /// - Parameters:
  ///   - step: name of the step, for progress.
  ///   - bytes: expected size in bytes, for progress.
  ///   - directory: target directory below the destination, created if missing.
  ///   - mayLack: whether to accept files that cannot be read here; they are recorded.
  ///   - together: whether all files appear at the end, within a moment; otherwise each one appears as soon as it
  ///     is complete, which takes rsync two thirds of the time if they are small.
  func send(
    _ items: [Item], _ options: [String] = [], as step: String, bytes: Int64, to directory: String = "",
    mayLack: Bool = false, together: Bool = true
  ) throws(MirrorError) {
    guard !items.isEmpty else { return }
    progress.begin(step, bytes: bytes, files: 0)
    defer { progress.end() }
    let standard =
      [
        "--links", "--omit-link-times", "--safe-links", "--perms", "--chmod=F644",
        "--no-implied-dirs", "--partial-dir=\(RsyncLeftover.directory)",
        "--from0", "--files-from=-",
        "--info=progress2", "--no-human-readable", "--outbuf=N",
      ] + (together ? ["--delay-updates"] : []) + (directory.isEmpty ? [] : ["--mkpath"])
    let (base, input) = names(items)
    func send(_ options: [String]) throws(MirrorError) {
      let fault = try run(
        standard + options, ["--", base, destination.address.argument(below: directory)],
        input: input, transfers: true, bears: { $0.unreadable.isEmpty || mayLack }
      ).fault
      findings.add(fault)
    }
    if !findings.lacks.contains(.times) {
      try send(["--times"] + options)
      guard findings.lacks.contains(.times) else { return }
      // The files are complete except for their permissions.
      return try send(
        options.filter { !["--ignore-existing", "--ignore-times"].contains($0) } + ["--checksum"])
    }
    try send(options)
  }

  /// The files that are missing on the other side or differ by content.
  func differing(_ items: [Item], as step: String, bytes: Int64) throws(MirrorError) -> Set<MirrorPath> {
    guard !items.isEmpty else { return [] }
    progress.begin(step, bytes: bytes, files: 0)
    defer { progress.end() }
    let (base, input) = names(items)
    let outcome = try run(
      [
        "--dry-run", "--checksum", "--no-implied-dirs", "--from0", "--files-from=-", "--out-format=%i %n",
        // Both sides are silent while they read large files.
        "--timeout=21600",
      ], ["--", base, destination.address.argument()], input: input, transfers: false
    ).outcome
    return Set(
      outcome.output.split(separator: UInt8(ascii: "\n")).compactMap { line in
        // `<fc........ NAME`, or `>f...` for a directory on this host.
        guard line.count > 12, "<>".utf8.contains(line[line.startIndex]),
          line[line.startIndex + 1] == UInt8(ascii: "f"),
          let name = RemoteListing.unescaped(line.dropFirst(12))
        else { return nil }
        return MirrorPath(bytes: name)
      })
  }

  /// Copies files from the other side into a directory on this host, keeping their paths.
  func fetch(_ paths: [MirrorPath], into directory: FilePath) throws(MirrorError) {
    guard !paths.isEmpty else { return }
    _ = try run(
      ["--no-implied-dirs", "--from0", "--files-from=-"],
      ["--", destination.address.argument(), "\(seen(directory))/"],
      input: paths.flatMap(Self.name), transfers: false)
  }

  /// Copies files and links with their times, and continues files of an earlier copy. Files that cannot be read
  /// on the other side are left out.
  func copy(_ paths: [MirrorPath], into directory: FilePath, bytes: Int64) throws(MirrorError) {
    guard !paths.isEmpty else { return }
    progress.begin("fetching", bytes: bytes, files: 0)
    defer { progress.end() }
    _ = try run(
      [
        "--links", "--safe-links", "--times", "--omit-link-times", "--perms", "--chmod=D755,F644",
        "--no-implied-dirs", "--partial-dir=\(RsyncLeftover.directory)", "--from0", "--files-from=-",
        "--info=progress2", "--no-human-readable", "--outbuf=N",
      ], ["--", destination.address.argument(), "\(directory)/"], input: paths.flatMap(Self.name),
      transfers: true, bears: { _ in true })
  }

  /// A line of `--files-from`, in which rsync takes names that begin with `#` or `;` for comments.
  private static func name(_ path: MirrorPath) -> [UInt8] {
    let isComment = path.bytes.first.map("#;".utf8.contains) ?? false
    return (isComment ? Array("./".utf8) : []) + path.bytes + [0]
  }

  /// The directory that rsync reads, and the names in it. rsync reads them byte by byte, each by two system calls, so
  /// that paths should be short.
  private func names(_ items: [Item]) -> (base: String, names: [UInt8]) {
    var names: [UInt8] = []
    if let base = items.first?.base, items.allSatisfy({ $0.base == base }) {
      for item in items { names += Self.name(item.path) }
      return ("\(seen(base))/", names)
    }
    for item in items {
      // The part before `/./` only locates the file.
      names += seen(item.base).bytes.drop { $0 == UInt8(ascii: "/") } + Array("/./".utf8)
      names += item.path.bytes + [0]
    }
    return ("/", names)
  }

  private func seen(_ directory: FilePath) -> FilePath { source?.path(directory) ?? directory }

  /// Removes exactly these paths, and directories only if nothing else is in them.
  ///
  /// - Parameter empty: a directory that contains only the directories to keep.
  func remove(_ paths: [MirrorPath], staying: Set<MirrorPath>, empty: FilePath) throws(MirrorError) {
    guard !paths.isEmpty else { return }
    let rules: [UInt8] = (staying.sorted() + paths).flatMap { path -> [UInt8] in Self.pattern(path) + [0] }
    _ = try run(
      [
        "--recursive", "--existing", "--delete-delay", "--max-delete=\(paths.count)", "--safe-links",
        "--from0", "--include-from=-", "--exclude=*",
      ], ["--", "\(seen(empty))/", destination.address.argument()], input: rules, transfers: true)
  }

  /// A filter rule for one path: a backslash is literal unless the path contains wildcards.
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

  /// Runs rsync, and repeats it after errors that may be temporary.
  ///
  /// - Parameter bears: whether a partial transfer is accepted.
  private func run(
    _ options: [String], _ places: [String], input: [UInt8] = [], transfers: Bool,
    bears: (RsyncFault.Partial) -> Bool = { _ in false }
  ) throws(MirrorError) -> (outcome: HostProgram.Outcome, fault: RsyncFault.Partial) {
    let command = ["rsync"] + common(transfers) + options + places
    var delay = patience
    var failures = 0
    while true {
      let outcome = try start(command, input, transfers)
      if outcome.isLate, let limit {
        throw MirrorError(
          .library, destination.subject, "did not answer within \(counted(limit, "second", "seconds"))",
          remedy: "check the host, the network and the firewall")
      }
      if outcome.status == 0 { return (outcome, RsyncFault.Partial()) }
      let complaint = String(decoding: outcome.errors, as: UTF8.self)
      if let fault = RsyncFault.Partial(outcome.status, complaint), bears(fault) { return (outcome, fault) }
      guard failures < destination.retries, RsyncFault.isTransient(outcome.status, complaint) else {
        throw RsyncFault.error(outcome.status, complaint, of: destination.subject)
      }
      failures += 1
      let next = "retry \(failures) of \(destination.retries) in \(delay / 1000) s"
      try progress.pausing(next) { () throws(MirrorError) in try cancellation.wait(milliseconds: delay) }
      delay = min(delay &* 2, 300_000)
    }
  }

  private func start(
    _ command: [String], _ input: [UInt8], _ transfers: Bool
  ) throws(MirrorError) -> HostProgram.Outcome {
    let (environment, mask) = (environment, mask)
    let run = { @Sendable [self] () throws(MirrorError) -> HostProgram.Outcome in
      try HostProgram.run(
        command, input: input, environment: environment, leads: true, mask: mask, limit: limit,
        cancellation: cancellation, heard: transfers ? { hear($0) } : nil)
    }
    guard let source else { return try run() }
    return try source.run(run)
  }

  /// The umask, so that new directories on this host get the mode of the destination.
  private var mask: Int32 {
    guard case .path(let path) = destination.address, let root = try? AnchoredDirectory(root: FilePath(path)),
      let status = try? root.status()
    else { return 0o022 }
    return Int32(~(status.mode | 0o700) & 0o777)
  }

  /// Listings are parsed in C and UTC. Without a password rsync would prompt at the terminal.
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

  /// The remote shell command; ssh must not prompt or wait forever. Options in the configuration come first.
  var shell: [String] {
    guard let program = destination.shell.first, FilePath(program).lastComponent?.string == "ssh" else {
      return destination.shell
    }
    return destination.shell + [
      "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=30",
    ]
  }

  /// Parses `      1,234  12% ...`, the number of transferred bytes.
  private func hear(_ output: [UInt8]) {
    let last = output.split(whereSeparator: { $0 == 0x0d || $0 == 0x0a }).last ?? []
    let word = last.drop { $0 == 0x20 }.prefix { $0 != 0x20 }
    guard let bytes = Int64(String(decoding: word, as: UTF8.self)) else { return }
    progress.set(bytes: bytes)
  }
}
