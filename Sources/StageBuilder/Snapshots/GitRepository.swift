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
    try fetch("+refs/heads/\(branch):refs/heads/\(branch)", log: log)
    return try commit("refs/heads/\(branch)")
  }

  private func fetch(_ reference: String, log: borrowing BuildLog) throws {
    try SnapshotCaches.checkRepository(cache)
    try SnapshotCaches.makeParent(of: cache)
    let lock = shellWord(cache.string + ".lock")
    let new = shellWord(cache.string + ".mirrorctl-new")
    let cache = shellWord(cache.string)
    try steps.run(
      """
      #!/bin/sh
      set -eu
      export GIT_TERMINAL_PROMPT=0
      exec 9>> \(lock)
      chmod 600 \(lock)
      flock 9
      [ -d \(cache) ] || {
        git init --quiet --bare --template= \(new)
        git -C \(new) config uploadpack.allowAnySHA1InWant true
        mv -T \(new) \(cache)
      }
      git -C \(cache) fetch --quiet --force --no-tags --prune --update-shallow -- \(shellWord(remote)) \
        \(shellWord(reference))

      """, named: "git fetch \(remote)", log: log)
  }

  /// A commit in the cache.
  func commit(_ reference: String) throws(MirrorError) -> Commit {
    let words = try ask(["show", "--no-patch", "--format=%H %ct", reference]).split(
      whereSeparator: \.isWhitespace)
    guard words.count == 2, let time = Int64(words[1]) else {
      throw MirrorError(.invalid, cache.string, "does not contain commit \(reference)", remedy: "remove it")
    }
    return Commit(name: String(words[0]), time: time)
  }

  private func ask(_ arguments: [String]) throws(MirrorError) -> String {
    try cancellation.check()
    return String(
      decoding: try HostProgram.ask(["git", "-C", cache.string] + arguments), as: UTF8.self)
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

  /// Checks out the repositories that a commit names as its modules, such as the kits of a meta-repo.
  func placeModules(
    of commit: Commit, at directory: FilePath, isLive: Bool, log: borrowing BuildLog
  ) throws {
    for module in try modules(of: commit) {
      let repository = GitRepository(
        remote: module.remote, cache: FilePath("\(cache)-modules").appending(module.cacheName), steps: steps,
        work: work, cancellation: cancellation)
      try repository.fetch("+refs/heads/*:refs/heads/*", log: log)
      let place = directory.pushing(FilePath(module.path))
      // The commit's own tree has an empty directory there.
      try steps.run(
        "#!/bin/sh\nrm -rf \(shellWord(place.string))\nmkdir -p \(shellWord(place.removingLastComponent().string))\n",
        named: "place \(module.path)", log: log)
      try repository.place(
        try repository.commit(module.commit), branch: module.branch, at: place, isLive: isLive, log: log)
    }
  }

  private func modules(of commit: Commit) throws -> [GitModule] {
    let text = try ask(["config", "--blob", "\(commit.name):.gitmodules", "--list"])
    return try GitModule.all(in: text, remote: remote).map { module in
      // `160000 commit NAME TAB PATH`
      let entry = try ask(["ls-tree", commit.name, "--", module.path])
      let words = entry.split(whereSeparator: \.isWhitespace)
      guard words.count >= 3, words[1] == "commit" else {
        throw MirrorError(
          .invalid, "\(remote): .gitmodules", "lists \(module.path), which is not a module in \(commit.name)",
          remedy: "fix the repository")
      }
      var module = module
      module.commit = String(words[2])
      return module
    }
  }
}
