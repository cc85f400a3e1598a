import ArgumentParser

/// Names that completion finds in the mirror, the configuration or the farm.
enum CompletedName: String {
  case build, arch, subarch, version
  /// What `build` and `snapshot` take.
  case buildWords, snapshotWords
  /// Directories of the mirror, or also files.
  case place, path
  case element
  /// Sections of the configuration.
  case destination, server, export
  case campaign, target
}

extension CompletionKind {
  /// Names that ``NameFinder`` finds. The parser has no kind for this that says which names; its kind for commands of
  /// a shell, which nothing else uses, carries them to ``CommandArguments``.
  static func names(_ kind: CompletedName) -> CompletionKind { .shellCommand(kind.rawValue) }

  /// The values of an enumeration.
  static func values<Value: CaseIterable & RawRepresentable<String>>(of type: Value.Type) -> CompletionKind {
    .list(type.allCases.map(\.rawValue))
  }
}
