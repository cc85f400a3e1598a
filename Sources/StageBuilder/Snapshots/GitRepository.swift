import StageTrees
import LinuxSystem
import SystemPackage

/// A git repository whose objects are kept between runs.
struct GitRepository {
  /// A commit by its name.
  struct Commit {
    /// Hexadecimal.
    let name: String
    /// When it was committed, in seconds since the epoch.
    let time: Int64
  }

  /// The URL that it is fetched from.
  let remote: String
  /// The path of the object cache.
  let cache: FilePath
  let steps: StepRunner
  let work: FilePath
  let cancellation: Cancellation

  /// Fetches a branch.
  ///
  /// - Returns: its newest commit.
  func fetch(branch: String, log: borrowing BuildLog) throws -> Commit {
    try fetch(reference: "+refs/heads/\(branch):refs/heads/\(branch)", log: log)
    return try commit("refs/heads/\(branch)")
  }

  /// Fetches what a refspec names.
  func fetch(reference: String, log: borrowing BuildLog) throws {
    try fetch(
      """
      git -C "$cache" fetch --quiet --force --no-tags --prune --update-shallow -- "$remote" \\
        \(shellWord(reference))
      """, log: log)
  }

  /// Runs commands of the shell that fetch from `$remote` to `$cache`, which is created if it is missing.
  func fetch(_ commands: String, log: borrowing BuildLog) throws {
    try SnapshotCaches.checkRepository(cache)
    try SnapshotCaches.makeParent(of: cache)
    let lock = shellWord(cache.string + ".lock")
    let new = shellWord(cache.string + ".mirrorctl-new")
    try steps.run(
      """
      #!/bin/sh
      set -eu
      cache=\(shellWord(cache.string)) remote=\(shellWord(remote))
      export GIT_TERMINAL_PROMPT=0
      exec 9>> \(lock)
      chmod 600 \(lock)
      flock 9
      [ -d "$cache" ] || {
        git init --quiet --bare --template= \(new)
        git -C \(new) config uploadpack.allowAnySHA1InWant true
        mv -T \(new) "$cache"
      }
      touch "$cache"
      \(commands)

      """, named: "git fetch \(remote)", log: log)
  }

  /// The commit in the cache that a reference names.
  func commit(_ reference: String) throws(MirrorError) -> Commit {
    let words = try ask(["show", "--no-patch", "--format=%H %ct", reference]).split(
      whereSeparator: \.isWhitespace)
    guard words.count == 2, let time = Int64(words[1]) else {
      throw MirrorError(.invalid, cache.string, "does not contain commit \(reference)", remedy: "remove it")
    }
    return Commit(name: String(words[0]), time: time)
  }

  /// The output of git in the object cache, as text.
  func ask(_ arguments: [String]) throws(MirrorError) -> String {
    String(decoding: try bytes(arguments), as: UTF8.self)
  }

  private func bytes(_ arguments: [String]) throws(MirrorError) -> [UInt8] {
    try cancellation.check()
    return try HostProgram.ask(["git", "-C", cache.string] + arguments)
  }

  /// A commit as git stores it.
  func object(of commit: Commit) throws(MirrorError) -> [UInt8] {
    try bytes(["cat-file", "commit", commit.name])
  }

  /// Checks out a commit into a directory that does not exist.
  ///
  /// A live one is a repository with only this commit, in which neither time nor path leave a trace: repacked
  /// by one thread, and uncompressed, since the whole tarball is compressed.
  func place(
    _ commit: Commit, branch: String, at directory: FilePath, isLive: Bool, log: borrowing BuildLog
  ) throws {
    guard isLive else {
      try export(commit, to: directory, log: log)
      return
    }
    let (git, branch) = ("git -C \(shellWord(directory.string))", shellWord(branch))
    try steps.run(
      """
      #!/bin/sh
      set -eu
      git init --quiet --template= \(shellWord(directory.string))
      \(git) config core.logAllRefUpdates false
      \(git) fetch --quiet --no-tags --depth=1 \(shellWord("file://\(cache)")) \(commit.name)
      \(git) update-ref refs/heads/\(branch) \(commit.name)
      \(git) symbolic-ref HEAD refs/heads/\(branch)
      \(git) -c pack.threads=1 -c pack.compression=0 repack -a -d -F --quiet
      \(git) read-tree HEAD
      \(git) checkout-index --all --force
      \(git) config --unset core.logAllRefUpdates
      \(git) remote add origin \(shellWord(remote))
      \(git) config branch.\(branch).remote origin
      \(git) config branch.\(branch).merge refs/heads/\(branch)
      rm -rf \(shellWord(directory.string))/.git/FETCH_HEAD \(shellWord(directory.string))/.git/objects/info

      """, named: "git checkout \(commit.name)", log: log)
  }

  private func export(_ commit: Commit, to directory: FilePath, log: borrowing BuildLog) throws {
    let tarball = work.appending("export.tar")
    try steps.run(
      """
      #!/bin/sh
      set -eu
      git -C \(shellWord(cache.string)) -c tar.umask=0022 archive --format=tar -o \(shellWord(tarball.string)) \\
        \(commit.name)
      mkdir -p \(shellWord(directory.string))

      """, named: "git archive \(commit.name)", log: log)
    _ = try TreeUnpacker(TreeUnpacker.Options(), cancellation: cancellation) { _ in }
      .unpack(tarball, into: try AnchoredDirectory(root: directory))
    try AnchoredDirectory(root: work).unlink("export.tar")
  }

  /// The contents of a regular file in a commit; nil if there is none.
  func contents(of path: String, in commit: Commit) throws(MirrorError) -> [UInt8]? {
    // `100644 blob NAME SIZE TAB PATH`
    let words = try ask(["ls-tree", "--long", commit.name, "--", path]).split(whereSeparator: \.isWhitespace)
    guard words.count >= 5, words[1] == "blob", words[0] != "120000" else { return nil }
    guard let size = Int(words[3]), size <= Self.largestFile else {
      throw MirrorError(
        .refused, "\(remote): \(path)", "is larger than \(Self.largestFile >> 20) MiB",
        remedy: "inspect it by hand")
    }
    return try bytes(["cat-file", "blob", String(words[2])])
  }

  private static let largestFile = 16 << 20

  /// Whether a text can be the name of a branch; a subset of what git-check-ref-format(1) allows.
  static func isBranch(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return !text.hasPrefix("-") && !text.contains("..")
      && parts.allSatisfy { part in
        !part.isEmpty && !part.hasPrefix(".") && !part.hasSuffix(".") && !part.hasSuffix(".lock")
          && part.utf8.allSatisfy { $0.isNameByte || $0 == UInt8(ascii: ".") }
      }
  }
}

extension UInt8 {
  /// Whether it is a letter, a digit, or one of `_+-` in ASCII.
  var isNameByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// Whether it is a hexadecimal digit in ASCII.
  var isHexDigit: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
