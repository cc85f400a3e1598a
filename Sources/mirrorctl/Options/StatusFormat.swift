import ArgumentParser

/// How `status` prints.
enum StatusFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, prometheus
}
