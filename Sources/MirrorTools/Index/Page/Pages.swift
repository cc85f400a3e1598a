import LinuxSystem

/// The page of the mirror and those of its subarches.
enum Pages {
  /// The pages of subarches first, then the root page, which links to them; pages of others are kept.
  static func content(_ source: IndexSource) throws(MirrorError) -> IndexContent {
    let survey = try PageSurvey(source)
    let shell = try PageShell(source.settings, survey, staleDays: source.rotation.staleDays)
    var files = survey.entries.map { entry in
      IndexFile(path: entry.page, bytes: SubarchPage(entry: entry, shell: shell).bytes)
    }
    files.append(
      IndexFile(
        path: MirrorPath(bytes: PageSurvey.fileName.bytes),
        bytes: RootPage(survey: survey, shell: shell).bytes))
    return IndexContent(
      files: files.filter { survey.foreign[$0.path] == nil },
      problems: survey.foreign.sorted { $0.key < $1.key }.map(\.value))
  }
}
