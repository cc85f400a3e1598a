/// All definitions of one name.
struct Definitions {
  /// Those of one rank.
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
  /// What counts where no own one does: `[option define/default]`.
  private(set) var fallback = Rank()

  /// Adds one.
  ///
  /// - Returns: the one that it repeats, if it does; then it is not added.
  mutating func add(_ definition: Definition) -> Definition? {
    definition.isDefault ? fallback.add(definition) : own.add(definition)
  }
}
