public import LinuxSystem

extension MirrorRun {
  /// Adds entries to the journal. If that fails, the work is done nevertheless, and the failure is reported.
  ///
  /// - Parameter verb: the verb, if this run only reads.
  public func journal(_ deeds: [JournalEntry.Deed], as verb: String? = nil) {
    guard !deeds.isEmpty else { return }
    do throws(MirrorError) {
      try catalog().journal(
        deeds, by: environment.author, verb: verb ?? self.verb ?? "unknown", at: environment.now())
    } catch {
      tell(error)
    }
  }

  /// The journal of the mirror.
  ///
  /// - Parameters:
  ///   - paths: what the entries are about: these paths, everything below them and everything above them;
  ///     none for all.
  ///   - since: seconds since the epoch.
  ///   - last: maximum number of entries, the newest ones; nil for all.
  public func journal(
    of paths: [MirrorPath], since: Int64, last: Int? = nil
  ) throws(MirrorError) -> JournalReport {
    let entries = try (knownCatalog()?.journal(since: since) ?? []).filter { entry in
      paths.isEmpty || paths.contains { entry.path.isWithin($0) || $0.isWithin(entry.path) }
    }
    return JournalReport(
      mirror: "\(root)", entries: Array(entries.suffix(last ?? entries.count)), messages: catalogProblems)
  }
}

/// Entries of a journal.
public struct JournalReport: MirrorReport {
  /// Root of the mirror.
  public let mirror: String
  /// Oldest first.
  public let entries: [JournalEntry]
  /// Why the journal cannot be read.
  public let messages: [MirrorError]

  private enum CodingKeys: CodingKey { case mirror, entries }

  /// One line per entry.
  public var lines: [ReportLine] { entries.map(line).asEssentialLines }

  private func line(_ entry: JournalEntry) -> String {
    let author = entry.author
    let sudo = author.sudoUser.map { " (sudo: \(shown($0)))" } ?? ""
    var line =
      "\(UTCText.internet(entry.at)) \(shown(author.user))\(sudo) on \(shown(author.host)), "
      + "mirrorctl \(shown(author.program)) \(shown(entry.verb)): \(entry.action.rawValue) "
      + displayed(entry.path)
    if let detail = entry.detail { line += " (\(shown(detail)))" }
    if let reason = entry.reason { line += ": \(shown(reason))" }
    return line
  }

  /// A text that a terminal can show; an entry is one line.
  private func shown(_ text: String) -> String { escaped(Array(text.utf8)) }
}
