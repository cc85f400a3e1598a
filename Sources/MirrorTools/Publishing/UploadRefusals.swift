import LinuxSystem

/// What of an upload stays out, and why.
struct UploadRefusals {
  /// What the administrator of this mirror may allow: it waits, with all below it.
  private(set) var held: Set<MirrorPath> = []
  /// What only the server can mend: it is thrown away, with all below it.
  private(set) var dropped: Set<MirrorPath> = []
  /// Each of them, as a message.
  private(set) var problems: [MirrorError] = []
  private var unnamed = 0

  /// Names of one upload that are reported; of a hostile one the rest is only counted.
  private static let limit = 200

  /// Lets a path wait.
  mutating func hold(_ path: MirrorPath, _ problem: MirrorError) {
    if held.insert(path).inserted { report(problem) }
  }

  /// Throws a path away; without a problem, one that something else tells of already.
  mutating func drop(_ path: MirrorPath, _ problem: MirrorError? = nil) {
    if dropped.insert(path).inserted, let problem { report(problem) }
  }

  /// Reports what is amiss, whatever becomes of it.
  mutating func report(_ problem: MirrorError) {
    if problems.count < Self.limit { problems.append(problem) } else { unnamed += 1 }
  }

  /// Whether a path, or a directory above it, stays out.
  func keepsOut(_ path: MirrorPath) -> Bool {
    guard !held.isEmpty || !dropped.isEmpty else { return false }
    return ([path] + path.ancestors).contains { held.contains($0) || dropped.contains($0) }
  }

  /// All messages, and how many there are besides.
  func problems(of manifest: String) -> [MirrorError] {
    guard unnamed > 0 else { return problems }
    return problems + [
      MirrorError(
        .invalid, manifest, "\(unnamed) more of its names are not received", remedy: "look at that server")
    ]
  }
}
