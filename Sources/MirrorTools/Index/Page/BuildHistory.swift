import MirrorModel
import LinuxSystem

/// The recent builds of a subarch, as charts and as a table.
struct BuildHistory {
  let entry: PageEntry

  private var directory: MirrorPath { entry.subarch.path }

  var html: HTML {
    HTML(.div, .class("panel history")) {
      HTML(.div, .class("charts")) {
        figure("Outcomes", HistoryChart.outcomes(entry.history), from: ends.first, to: ends.last)
        if let sizes = HistoryChart.sizes(entry.history) {
          let ends = HistoryChart.ends(entry.history).map { PageText.size($0.bytes) }
          figure("Size", sizes, from: ends.first, to: ends.last)
        }
      }
      HTML(.p) { HistoryChart.summary(entry.history) }
      HTML(.details) {
        HTML(.summary) { "Show as table" }
        HTML(.div, .class("scroll")) { table }
      }
    }
  }

  private var ends: [String] {
    [entry.history.first, entry.history.last].compactMap { $0?.version.description }
  }

  private func figure(_ title: String, _ chart: HTML, from first: String?, to last: String?) -> HTML {
    HTML(.div, .class("figure")) {
      HTML(.h3) { title }
      chart
      HTML(.p, .class("ends quiet")) {
        HTML(.span) { first ?? "" }
        HTML(.span) { first == last ? "" : last ?? "" }
      }
    }
  }

  private var table: HTML {
    HTML(.table) {
      HTML(.caption) { "Recent builds, newest first" }
      HTML(.thead) {
        HTML(.tr) {
          for title in ["Version", "Outcome", "Size", "Log"] {
            HTML(.th, Attribute("scope", "col")) { title }
          }
        }
      }
      HTML(.tbody) { for record in entry.history.reversed() { row(record) } }
    }
  }

  private func row(_ record: BuildRecord) -> HTML {
    HTML(.tr) {
      HTML(.th, Attribute("scope", "row")) { HTML(name: record.version) }
      HTML(.td) {
        if record.outcome == .ok {
          HTML(.span, .class("chip healthy")) { "ok" }
        } else {
          HTML(.span, .class("chip failing")) { "failed" }
          if let target = record.target { " in \(escaped(Array(target.utf8)))" }
        }
      }
      HTML(.td) { record.bytes.map { PageText.size($0) } ?? "–" }
      HTML(.td) {
        let logs = record.outcome == .fail ? entry.logs[record.version] ?? [] : []
        if !logs.isEmpty {
          HTML(.ul, .class("inline")) {
            for log in logs {
              HTML(.li) { HTML(.a, .href(PageLink(to: log, from: directory))) { HTML(name: log.name) } }
            }
          }
        }
        if let error = record.error { HTML(.span, .class("quiet")) { escaped(Array(error.utf8)) } }
      }
    }
  }
}
