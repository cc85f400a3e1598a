/// All definitions of one name.
struct Definitions {
  private(set) var always: Definition?
  private(set) var conditional: [Definition] = []

  /// Adds one.
  ///
  /// - Returns: the one that it repeats, if it does; then it is not added.
  mutating func add(_ definition: Definition) -> Definition? {
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
