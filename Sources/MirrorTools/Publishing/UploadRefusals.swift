import LinuxSystem

/// Refused files of an upload, and why.
struct UploadRefusals {
  /// Paths that the administrator of this mirror may allow: they wait, with everything below them.
  private(set) var held: Set<MirrorPath> = []
  /// Paths that only the server can correct: they are deleted, with everything below them.
  private(set) var dropped: Set<MirrorPath> = []
  /// One message per refusal.
  private(set) var problems: [MirrorError] = []
  private var unnamed = 0

  /// Maximum number of names reported per upload; the rest, e.g. of a hostile one, is only counted.
  private static let limit = 200

  /// Holds a path.
  mutating func hold(_ path: MirrorPath, _ problem: MirrorError) {
    if held.insert(path).inserted { report(problem) }
  }

  /// Deletes a path; without a problem if it is already reported elsewhere.
  mutating func drop(_ path: MirrorPath, _ problem: MirrorError? = nil) {
    if dropped.insert(path).inserted, let problem { report(problem) }
  }

  /// Reports a problem without refusing the path.
  mutating func report(_ problem: MirrorError) {
    if problems.count < Self.limit { problems.append(problem) } else { unnamed += 1 }
  }

  /// Whether a path, or a directory above it, is refused.
  func keepsOut(_ path: MirrorPath) -> Bool {
    guard !held.isEmpty || !dropped.isEmpty else { return false }
    return ([path] + path.ancestors).contains { held.contains($0) || dropped.contains($0) }
  }

  /// All messages, with the number of unreported ones.
  func problems(of manifest: String) -> [MirrorError] {
    guard unnamed > 0 else { return problems }
    return problems + [
      MirrorError(
        .invalid, manifest, "\(unnamed) more of its files are not received", remedy: "check the server")
    ]
  }
}
