import LinuxSystem
import SystemPackage

/// The repositories that a meta-repo consists of: kits, or modules of git.
extension GitRepository {
  /// What the configuration says about kits.
  struct KitSettings {
    /// `snapshot/source/kits`: the directory or URL that contains them; nil for that of the meta-repo.
    var base: String?
    /// `[section snapshot/kits]`: a branch, a commit or `skip` by the name of a kit.
    var pins: [String: String] = [:]

    init(_ settings: BuildSettings) throws {
      base = try settings.text("snapshot/source/kits")
      for (name, text) in try settings.texts(in: "snapshot/kits") { pins[name] = text }
    }
  }

  /// Checks out the kits that a commit of a meta-repo names.
  ///
  /// - Returns: the time of the newest commit; nil if there are no kits.
  func placeParts(
    of commit: Commit, at directory: FilePath, isLive: Bool, _ settings: KitSettings,
    log: borrowing BuildLog
  ) throws -> Int64? {
    guard let kits = try kits(of: commit, pins: settings.pins) else {
      try placeModules(of: commit, at: directory, isLive: isLive, log: log)
      return nil
    }
    try clear(directory.appending("kits"), log: log)
    let base = settings.base ?? GitModule.resolve("../", against: remote)
    let suffix = settings.base == nil && remote.hasSuffix(".git") ? ".git" : ""
    var newest: Int64?
    for kit in kits {
      let repository = GitRepository(
        remote: "\(base.hasSuffix("/") ? String(base.dropLast()) : base)/\(kit.name)\(suffix)",
        cache: FilePath("\(cache)-kits").appending(kit.name), steps: steps, work: work,
        cancellation: cancellation)
      let commit = try repository.fetch(kit: kit, log: log)
      log.note("\(repository.remote) \(kit.branch) is at \(commit.name)")
      try repository.place(
        commit, branch: kit.branch, at: directory.appending("kits").appending(kit.name), isLive: isLive,
        log: log)
      newest = max(newest ?? commit.time, commit.time)
    }
    // ego.conf in the stage leaves out the same kits.
    let skipped = settings.pins.filter { $0.value == KitList.skip }.keys.sorted()
    let record =
      kits.map { "\($0.name) \($0.branch) \($0.commit)\($0.isPinned ? " pinned" : "")\n" }.joined()
      + skipped.map { "\($0) \(KitList.skip) - pinned\n" }.joined()
    let metadata = try AnchoredDirectory(root: directory.appending("metadata"))
    try DurableFile.write(
      Array(record.utf8), to: FileName(Self.kitRecordName),
      in: metadata, try metadata.fileOwnership())
    return newest
  }

  /// In `metadata`: a line `NAME BRANCH COMMIT` per kit, and `pinned` if the configuration chose it; `NAME skip -
  /// pinned` if it left the kit out.
  private static let kitRecordName = "mirrorctl-kits"

  /// The kits that a commit names; nil if it is of another form.
  private func kits(of commit: Commit, pins: [String: String]) throws -> [Kit]? {
    guard let commits = try contents(of: "metadata/kit-sha1.json", in: commit) else { return nil }
    return try KitList(
      commits: commits, information: try contents(of: "metadata/kit-info.json", in: commit), source: remote
    ).kits(pins: pins)
  }

  /// Fetches the commit of a kit, if it is not there yet.
  private func fetch(kit: Kit, log: borrowing BuildLog) throws -> Commit {
    try fetch(
      """
      git -C "$cache" cat-file -e \(kit.commit)^{commit} 2> /dev/null ||
        git -C "$cache" fetch --quiet --no-tags --depth=1 --update-shallow -- "$remote" \(kit.commit) ||
        git -C "$cache" fetch --quiet --force --no-tags --update-shallow -- "$remote" \\
          \(shellWord("+refs/heads/\(kit.branch):refs/heads/\(kit.branch)")) || :
      git -C "$cache" cat-file -e \(kit.commit)^{commit} || {
        echo "$remote: has no commit \(kit.commit) of \(kit.name): set snapshot/kits/\(kit.name) to another one" >&2
        exit 1
      }
      """, log: log)
    return try self.commit(kit.commit)
  }

  /// Checks out the repositories that a commit names as its modules.
  private func placeModules(
    of commit: Commit, at directory: FilePath, isLive: Bool, log: borrowing BuildLog
  ) throws {
    for module in try modules(of: commit) {
      let repository = GitRepository(
        remote: module.remote, cache: FilePath("\(cache)-modules").appending(module.cacheName), steps: steps,
        work: work, cancellation: cancellation)
      try repository.fetch(reference: "+refs/heads/*:refs/heads/*", log: log)
      let place = directory.pushing(FilePath(module.path))
      try clear(place, log: log)
      try repository.place(
        try repository.commit(module.commit), branch: module.branch, at: place, isLive: isLive, log: log)
    }
  }

  /// Removes the directory that the commit's own tree has there, and creates its parent.
  private func clear(_ place: FilePath, log: borrowing BuildLog) throws {
    try steps.run(
      "#!/bin/sh\nrm -rf \(shellWord(place.string))\nmkdir -p \(shellWord(place.removingLastComponent().string))\n",
      named: "clear \(place.lastComponent?.string ?? "")", log: log)
  }

  private func modules(of commit: Commit) throws -> [GitModule] {
    guard try contents(of: ".gitmodules", in: commit) != nil else {
      throw MirrorError(
        .invalid, "\(remote) \(commit.name)", "has neither metadata/kit-sha1.json nor .gitmodules",
        remedy: "check snapshot/source/remote and snapshot/source/branch, or set snapshot/source/type to git")
    }
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
