import ArgumentParser

/// Output formats of `build --pretend`.
enum GraphFormat: String, ExpressibleByArgument, CaseIterable {
  case text, dot
}
