/// All definitions of one name.
struct Definitions {
  /// The definitions of one rank.
  struct Rank {
    fileprivate(set) var always: Definition?
    fileprivate(set) var conditional: [Definition] = []

    fileprivate mutating func add(_ definition: Definition) -> Definition? {
      if let always { return always }
      if definition.condition == nil {
        if let earlier = conditional.first { return earlier }
        always = definition
      } else {
        if let earlier = conditional.first(where: { $0.condition == definition.condition }) { return earlier }
        conditional.append(definition)
      }
      return nil
    }
  }

  private(set) var own = Rank()
  /// Definitions of `[option define/default]`, used only if there are no others.
  private(set) var fallback = Rank()

  /// Adds a definition.
  ///
  /// - Returns: the definition that it duplicates, if any; then it is not added.
  mutating func add(_ definition: Definition) -> Definition? {
    definition.isDefault ? fallback.add(definition) : own.add(definition)
  }
}
