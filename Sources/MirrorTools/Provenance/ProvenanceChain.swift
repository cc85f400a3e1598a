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
    for _ in 0..<Self.longest {
      try cancellation.check()
      var found = try examine(place, expected)
      if let sha256 = found.link.sha256, found.statement != nil, !seen.insert(sha256).inserted {
        found.end(.corrupt, "the chain is a circle: it was made from itself")
      }
      report.links.append(found.link)
      guard let statement = found.statement, let sha256 = found.link.sha256 else { return report }
      guard let seed = statement.seeds.first else {
        report.problems.append(
          MirrorError(.invalid, place.text, "has a provenance that names no seed", remedy: "build it again"))
        return report
      }
      guard let next = try self.place(of: seed, from: found.place, statement.subject(sha256: sha256)) else {
        let digest = seed.sha256 ?? "unknown"
        report.links.append(
          .init(seed.name ?? "the seed", .missing, "is not in the mirror; its SHA-256 is \(digest)"))
        return report
      }
      (place, expected) = (next, seed)
    }
    report.problems.append(
      MirrorError(
        .invalid, place.text, "is behind \(Self.longest) other tarballs: not followed",
        remedy: "verify this one by itself"))
    return report
  }

  /// Where a seed is: in the same mirror, in the mirror of the configuration, or beside the tarball.
  private func place(
    of seed: Statement.Resource, from place: ProvenancePlace, _ subject: Statement.Resource?
  ) throws(MirrorError) -> ProvenancePlace? {
    var places: [ProvenancePlace] = []
    if let path = seed.path {
      if let own = subject?.path, let same = place.place(of: path, seenFrom: own) { places.append(same) }
      if let mirror, let local = ProvenancePlace.place(of: path, in: mirror) { places.append(local) }
    }
    if let name = seed.name, ProvenancePlace.isPlain(name) { places.append(place.beside(name)) }
    for place in places where try place.exists(cancellation) { return place }
    return places.first
  }

  /// A tarball that was checked.
  private struct Examined {
    /// Where it is; that of the named file may be a link to it.
    var place: ProvenancePlace
    var link: ProvenanceReport.Link
    /// nil unless everything is right.
    var statement: Statement?

    /// Ends the chain.
    mutating func end(_ verdict: ProvenanceReport.Verdict, _ detail: String) {
      (link.verdict, link.detail, statement) = (verdict, detail, nil)
    }
  }

  /// Checks one tarball.
  ///
  /// - Parameter expected: what the provenance of another one states about it; nil for the first.
  private func examine(
    _ named: ProvenancePlace, _ expected: Statement.Resource?
  ) throws(MirrorError) -> Examined {
    var found = Examined(place: named, link: .init(named.text, .ok))
    try readStatement(of: named, isFirst: expected == nil, &found)
    guard found.link.verdict == .ok else { return found }
    found.link.sha256 = try named.sha256(cancellation, progress)
    guard let sha256 = found.link.sha256 else {
      settleAbsent(&found, expected)
      return found
    }
    if let expected, expected.sha256 != sha256 {
      found.end(
        .corrupt, "is not the tarball that was used, whose SHA-256 is \(expected.sha256 ?? "not stated")")
    } else if let statement = found.statement {
      if statement.subject(sha256: sha256) == nil {
        found.end(.corrupt, "does not match its provenance")
      } else if let name = try wrongBill(of: statement, beside: found.place) {
        found.end(.corrupt, "\(name) does not match the provenance")
      }
    } else if expected?.hasProvenance == true {
      found.end(.missing, "its provenance does not exist")
    } else {
      found.end(.seed, "not built by mirrorctl")
    }
    return found
  }

  /// The result for a tarball that is not there. If its statement is about the tarball that was used, the chain goes on:
  /// on public mirrors, there may be only the statement of a stage1.
  private func settleAbsent(_ found: inout Examined, _ expected: Statement.Resource?) {
    guard let stated = expected?.sha256, let statement = found.statement else {
      return found.end(.missing, "does not exist")
    }
    guard statement.subject(sha256: stated) != nil else {
      return found.end(.corrupt, "its provenance is about another tarball than the one that was used")
    }
    (found.link.verdict, found.link.sha256) = (.stated, stated)
  }

  /// Reads the statement beside a tarball, and checks its signatures.
  private func readStatement(
    of named: ProvenancePlace, isFirst: Bool, _ found: inout Examined
  ) throws(MirrorError) {
    let document = named.beside(named.name + SidecarKind.provenance.rawValue)
    guard let text = try document.contents(limit: Statement.limit, cancellation) else {
      guard isFirst else { return }
      throw MirrorError(
        .invalid, document.text, "does not exist, so the origin of \(named.name) is not known",
        remedy: "give a tarball that mirrorctl built with build/provenance: yes")
    }
    guard let statement = Statement(text) else {
      return found.end(.corrupt, "\(document.name) is not SLSA provenance in an in-toto Statement")
    }
    found.place = Self.target(statement, named)
    let signed = found.place.beside(found.place.name + SidecarKind.provenance.rawValue)
    if let fault = try fault(of: signed, text) { return found.end(fault.verdict, fault.detail) }
    found.statement = statement
    describe(statement, in: &found.link)
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
