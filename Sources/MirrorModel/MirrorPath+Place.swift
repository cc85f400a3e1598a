package import LinuxSystem

extension MirrorPath {
  /// The place that a tarball's path is in; nil for one at the root or beside subarches.
  package var place: MirrorPath? {
    let parts = components
    if parts.count == 3, parts[1] == "snapshots" { return parent }
    guard parts.count > 3, parts[1] != "snapshots" else { return nil }
    return parts[..<3].reduce(.root) { $0.appending($1) }
  }
}
