package import MirrorTools

/// What ``Doctor`` found.
package struct DoctorReport: Report {
  /// Path of the mirror; nil if none is configured.
  package let mirror: String?
  package let findings: [Doctor.Finding]
  /// `failed` if no build is possible.
  package let status: ExitStatus

  private enum CodingKeys: CodingKey { case mirror, findings }

  package init(mirror: String?, _ doctor: Doctor) {
    self.mirror = mirror
    findings = doctor.findings
    status = doctor.isHealthy ? .done : .failed
  }

  package var lines: [ReportLine] {
    findings.map { finding in
      let remedy = finding.remedy.map { ": \($0)" } ?? ""
      return ReportLine(
        "\(finding.level.rawValue): \(finding.subject): \(finding.text)\(remedy)",
        isEssential: ![.ok, .skipped].contains(finding.level))
    }
  }
}
