public import LinuxSystem

/// A chain of builds: each tarball was made from the next one.
public struct ProvenanceReport: Sendable, Encodable {
  /// The result for one tarball of the chain.
  public enum Verdict: String, Sendable, Encodable, CaseIterable {
    /// It is what its provenance states, and that is signed.
    case ok
    /// It is not there, but its provenance is signed, and is about the tarball that was used.
    case stated
    /// It has no provenance and was not said to have one: the chain ends here. Its digest is as stated.
    case seed
    /// It, or its provenance, is not there.
    case missing
    /// Its provenance has no signature.
    case unsigned
    /// The signature is bad or by another key.
    case missigned
    /// It, or a document beside it, is not what the provenance states.
    case corrupt
  }

  /// A tarball of the chain.
  public struct Link: Sendable, Encodable {
    /// Its path or URL.
    public let place: String
    /// The result for it.
    public var verdict: Verdict
    /// What was found.
    public var detail: String?
    /// Its SHA-256, if it could be read.
    public var sha256: String?
    /// Who built it.
    public var builder: String?
    /// What was built: `build`, `arch`, `subarch`, `target`, `version`, `mode`.
    public var parameters: [String: String]?
    /// When its build began, as in RFC 3339.
    public var started: String?
    /// When its build ended, as in RFC 3339.
    public var finished: String?

    init(_ place: String, _ verdict: Verdict, _ detail: String? = nil) {
      (self.place, self.verdict, self.detail) = (place, verdict, detail)
    }
  }

  /// From the tarball that was named to the first one that was not built by mirrorctl.
  public internal(set) var links: [Link] = []
  /// What kept the chain from being followed to its end.
  public internal(set) var problems: [MirrorError] = []
}

extension ProvenanceReport: Report {
  /// One line for each tarball.
  public var lines: [ReportLine] {
    links.map { link in
      let padding = String(repeating: " ", count: max(1, 11 - link.verdict.rawValue.utf8.count))
      let built = ["build", "arch", "subarch", "target", "version"].compactMap { link.parameters?[$0] }
      let what = built.isEmpty ? nil : built.joined(separator: " ") + (link.builder.map { " by \($0)" } ?? "")
      let details = [what, link.detail].compactMap(\.self)
      let text = escaped(
        Array("\(link.place)\(details.isEmpty ? "" : " (\(details.joined(separator: "; ")))")".utf8))
      return ReportLine(
        "\(link.verdict.rawValue)\(padding)\(text)",
        isEssential: ![.ok, .stated, .seed].contains(link.verdict)
      )
    }
  }

  /// What kept the chain from being followed to its end.
  public var messages: [MirrorError] { problems }

  /// `corrupt` if a file is not what its provenance states; `partial` if the chain is not verified to its end.
  public var status: ExitStatus {
    if links.contains(where: { $0.verdict == .corrupt }) { return .corrupt }
    let isWhole =
      links.last?.verdict == .seed && links.dropLast().allSatisfy { [.ok, .stated].contains($0.verdict) }
    return isWhole && problems.isEmpty ? .done : .partial
  }
}
