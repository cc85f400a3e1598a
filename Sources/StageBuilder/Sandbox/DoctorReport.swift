package import MirrorTools

/// What ``Doctor`` found.
package struct DoctorReport: Report {
  /// Where the mirror is; nil where none is configured.
  package let mirror: String?
  package let findings: [Doctor.Finding]

  package init(mirror: String?, findings: [Doctor.Finding]) {
    self.mirror = mirror
    self.findings = findings
  }

  package var lines: [ReportLine] {
    findings.map { finding in
      let remedy = finding.remedy.map { ": \($0)" } ?? ""
      return ReportLine(
        "\(finding.level.rawValue): \(finding.subject): \(finding.text)\(remedy)",
        isEssential: finding.level != .ok)
    }
  }

  /// Failed where no build can be made.
  package var status: ExitStatus { findings.contains { $0.level == .missing } ? .failed : .done }
}
