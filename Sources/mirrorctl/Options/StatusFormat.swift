import ArgumentParser

/// Output formats of `status`.
enum StatusFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, prometheus
}
