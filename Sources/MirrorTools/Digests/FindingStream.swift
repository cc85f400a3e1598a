import LinuxSystem
import Synchronization

/// Passes on each finding of `verify` once, as soon as no later judge can change it.
final class FindingStream: Sendable {
  /// The judges, in order.
  enum Judge: Int { case reading, decoding, all }

  private let anchor: Shared<AnchoredDirectory>
  private let last: Judge
  private let decodes: Bool
  private let each: @Sendable (VerifyReport.Finding) -> Void
  private let sent = Mutex<Set<VerifyReport.Finding>>([])

  init(
    _ anchor: Shared<AnchoredDirectory>, decodes: Bool, judgesSignatures: Bool,
    each: @escaping @Sendable (VerifyReport.Finding) -> Void
  ) {
    self.anchor = anchor
    self.decodes = decodes
    last = judgesSignatures ? .all : decodes ? .decoding : .reading
    self.each = each
  }

  /// Passes on a finding if it is final after a judge; without a judge always.
  func send(_ finding: VerifyReport.Finding, after judge: Judge? = nil) {
    guard isFinal(finding, after: judge) else { return }
    // Tarballs that clean removed meanwhile are not a problem.
    if finding.verdict != .ok, anchor.value.isGone(finding.path) { return }
    if sent.withLock({ $0.insert(finding).inserted }) { each(finding) }
  }

  private func isFinal(_ finding: VerifyReport.Finding, after judge: Judge?) -> Bool {
    guard let judge else { return true }
    if judge.rawValue >= last.rawValue { return true }
    switch finding.verdict {
    // Decoding may find damage, and signatures are checked for sound tarballs only.
    case .ok: return false
    case .undigested: return judge != .reading || !decodes
    case .changed, .corrupt, .damaged, .unsigned, .missigned, .orphan: return true
    }
  }
}
