import Hashing
public import LinuxSystem
import MirrorModel
public import SystemPackage

/// Follows the provenance of a tarball: checks it, its statement and the signature, then the same of the stage that
/// it was made from, until one that was not built by mirrorctl.
///
/// It only reads. Nothing in a statement is used before its signature was checked, except its name.
public struct ProvenanceChain {
  /// The keys that are trusted.
  public enum Trust: Sendable {
    /// That of the configuration.
    case settings(SigningSettings)
    /// Those in a file; `option` names what the user gave, for messages.
    case file(FilePath, option: String)
  }

  /// The most tarballs of a chain.
  public static let longest = 100

  private let verdict: (_ signature: [UInt8], _ text: [UInt8]) throws(MirrorError) -> SignatureVerdict
  private let mirror: FilePath?
  private let cancellation: Cancellation
  private let progress: RunProgress?

  /// - Parameter mirror: where tarballs are searched that are not beside the first one.
  public init(
    _ trust: Trust, mirror: FilePath?, cancellation: Cancellation, progress: RunProgress? = nil
  ) throws(MirrorError) {
    switch trust {
    case .settings(let settings):
      let checker = try SignatureChecker(settings, cancellation: cancellation)
      verdict = { signature, text throws(MirrorError) in try checker.verdict(on: signature, of: text) }
    case .file(let file, let option):
      let keys = try PinnedKeys(file, only: [], setting: option, cancellation: cancellation)
      verdict = { signature, text throws(MirrorError) in try keys.verdict(on: signature, of: text) }
    }
    self.mirror = mirror
    self.cancellation = cancellation
    self.progress = progress
  }

  /// Verifies the chain of a tarball.
  ///
  /// - Parameters:
  ///   - start: the tarball or its provenance: a path or URL.
  ///   - current: the directory to which a path is relative.
  /// - Throws: if the tarball has no provenance at all.
  public func verify(_ start: String, current: FilePath) throws(MirrorError) -> ProvenanceReport {
    var place = try ProvenancePlace(start, current: current)
    let ending = SidecarKind.provenance.rawValue
    if place.name.hasSuffix(ending) { place.name = String(place.name.dropLast(ending.count)) }
    var report = ProvenanceReport()
    var expected: Statement.Resource?
    var seen: Set<String> = []
    while true {
      try cancellation.check()
      guard report.links.count < Self.longest else {
        report.problems.append(
          MirrorError(
            .invalid, place.text, "is behind \(Self.longest) other tarballs: not followed",
            remedy: "verify this one by itself"))
        return report
      }
      let (link, statement) = try examine(place, expected)
      report.links.append(link)
      guard link.verdict == .ok, let statement, let sha256 = link.sha256 else { break }
      guard seen.insert(sha256).inserted else {
        let last = report.links.count - 1
        report.links[last].verdict = .corrupt
        report.links[last].detail = "the chain is a circle: it was made from itself"
        break
      }
      guard let seed = statement.seeds.first else {
        report.problems.append(
          MirrorError(.invalid, place.text, "has a provenance that names no seed", remedy: "build it again"))
        break
      }
      guard let next = self.place(of: seed, from: place, statement.subject(sha256: sha256)) else {
        report.links.append(
          .init(
            seed.name ?? "the seed", .missing,
            "is not in the mirror; its SHA-256 is \(seed.sha256 ?? "unknown")"))
        break
      }
      (place, expected) = (next, seed)
    }
    return report
  }

  /// Where a seed is: in the same mirror, in the mirror of the configuration, or beside the tarball.
  private func place(
    of seed: Statement.Resource, from place: ProvenancePlace, _ subject: Statement.Resource?
  ) -> ProvenancePlace? {
    if let path = seed.path {
      if let own = subject?.path, let found = place.place(of: path, seenFrom: own) { return found }
      if let mirror, let found = ProvenancePlace.place(of: path, in: mirror) { return found }
    }
    guard let name = seed.name, ProvenancePlace.isPlain(name) else { return nil }
    return place.beside(name)
  }

  /// Checks one tarball.
  ///
  /// - Parameter expected: what the provenance of another one states about it; nil for the first.
  /// - Returns: its statement, if it is genuine.
  private func examine(
    _ named: ProvenancePlace, _ expected: Statement.Resource?
  ) throws(MirrorError) -> (ProvenanceReport.Link, Statement?) {
    var place = named
    var link = ProvenanceReport.Link(place.text, .ok)
    func result(_ verdict: ProvenanceReport.Verdict, _ detail: String) -> (ProvenanceReport.Link, Statement?)
    {
      (link.verdict, link.detail) = (verdict, detail)
      return (link, nil)
    }
    let document = place.beside(place.name + SidecarKind.provenance.rawValue)
    let text = try document.contents(limit: Statement.limit, cancellation)
    guard text != nil || expected != nil else {
      throw MirrorError(
        .invalid, document.text, "does not exist, so the origin of \(place.name) is not known",
        remedy: "give a tarball that mirrorctl built with build/provenance: yes")
    }
    var statement: Statement?
    if let text {
      guard let parsed = Statement(text) else {
        return result(.corrupt, "\(document.name) is not SLSA provenance in an in-toto Statement")
      }
      place = Self.target(parsed, place)
      if let fault = try fault(of: place.beside(place.name + SidecarKind.provenance.rawValue), text) {
        return result(fault.verdict, fault.detail)
      }
      statement = parsed
      describe(parsed, in: &link)
    }
    link.sha256 = try place.sha256(cancellation, progress)
    guard let sha256 = link.sha256 else { return result(.missing, "does not exist") }
    if let stated = expected?.sha256, stated != sha256 {
      return result(.corrupt, "is not the tarball that was used, whose SHA-256 is \(stated)")
    }
    guard let statement else {
      guard expected?.hasProvenance != true else { return result(.missing, "its provenance does not exist") }
      return result(.seed, "not built by mirrorctl")
    }
    guard statement.subject(sha256: sha256) != nil else {
      return result(.corrupt, "does not match its provenance")
    }
    if let name = try wrongBill(of: statement, beside: place) {
      return result(.corrupt, "\(name) does not match the provenance")
    }
    return (link, statement)
  }

  /// The tarball that a statement is about, seen from a file that may be a link to it: signatures have its name.
  private static func target(_ statement: Statement, _ place: ProvenancePlace) -> ProvenancePlace {
    if statement.subject.contains(where: { $0.name == place.name }) { return place }
    return statement.subject.first?.path.map(place.target) ?? place
  }

  private func describe(_ statement: Statement, in link: inout ProvenanceReport.Link) {
    let (definition, details) = (statement.predicate.buildDefinition, statement.predicate.runDetails)
    link.builder = details.builder.id
    link.parameters = definition.externalParameters
    (link.started, link.finished) = (details.metadata?.startedOn, details.metadata?.finishedOn)
  }

  /// What is wrong with the signatures of a statement; nil if at least one is good, and none is not.
  private func fault(
    of document: ProvenancePlace, _ text: [UInt8]
  ) throws(MirrorError) -> (verdict: ProvenanceReport.Verdict, detail: String)? {
    var isSigned = false
    for format in SignatureFormat.allCases {
      let name = format.signature(of: FileName(document.name)).description
      guard let signature = try document.beside(name).contents(limit: SignatureFiles.limit, cancellation)
      else { continue }
      let verdict = try verdict(signature, text)
      switch verdict {
      case .valid, .previousKey, .subkeyExpired: isSigned = true
      default: return (.missigned, "\(name) \(verdict)")
      }
    }
    return isSigned ? nil : (.unsigned, "\(document.name) has no signature")
  }

  /// The first bill of materials that is not the stated one; one that was not published is skipped.
  private func wrongBill(
    of statement: Statement, beside place: ProvenancePlace
  ) throws(MirrorError) -> String? {
    for bill in statement.predicate.runDetails.byproducts ?? [] where bill.role == "sbom" {
      guard let name = bill.name, ProvenancePlace.isPlain(name), let stated = bill.sha256,
        let found = try place.beside(name).sha256(cancellation, nil)
      else { continue }
      if found != stated { return name }
    }
    return nil
  }
}
