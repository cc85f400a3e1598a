/// A part of an expansion to be done first, because the stack would grow too much.
struct Suspension {
  /// The chain that the part belongs to.
  let chain: Expander.Chain
  let part: Part

  enum Part {
    /// Which definition counts.
    case choice(of: String)
    case text(Definition, isLax: Bool)
    case lines(Definition, isLax: Bool)
  }
}
