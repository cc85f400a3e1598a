import LinuxSystem
import MirrorModel

/// One file of the newest version: its link, its digest, and how to check it.
struct DownloadCard {
  let download: Download
  /// Whether it is the main download.
  let isFirst: Bool
  /// URL of the mirror, if known.
  let base: String?
  /// Directory of the page.
  let directory: MirrorPath
  let key: MirrorPath?
  let fingerprint: Fingerprint?

  var html: HTML {
    HTML(.article, .class("panel download")) {
      HTML(.div, .class("title")) {
        HTML(.h3) { download.title }
        HTML(.a, .class(isFirst ? "button first" : "button"), .href(link(download.path))) {
          "Download"
          HTML(.small) { " \(PageText.size(download.bytes))" }
        }
      }
      HTML(.p, .class("file")) {
        HTML(name: download.path.name)
        HTML(.span, .class("quiet")) { " \(download.bytes) bytes" }
      }
      digest
      if download.signature != nil || download.metalink != nil || !download.documents.isEmpty { links }
      commands
    }
  }

  private static let documents: [(SidecarKind, String)] = [
    (.provenance, "Provenance"), (.spdx, "SBOM (SPDX)"), (.cyclonedx, "SBOM (CycloneDX)"),
  ]

  private func link(_ path: MirrorPath) -> PageLink { PageLink(to: path, from: directory) }

  private var digest: HTML {
    guard let sha256 = download.sha256 else {
      return HTML(.p, .class("quiet")) { "No digest yet." }
    }
    return HTML(.div, .class("digest")) {
      HTML(.span, .class("quiet")) { "SHA-256" }
      HTML(.code, Attribute("data-copy", "SHA-256 of \(download.title)")) { sha256 }
    }
  }

  private var links: HTML {
    HTML(.ul, .class("inline")) {
      if let signature = download.signature {
        HTML(.li) { HTML(.a, .href(link(signature))) { "Signature" } }
      }
      if let metalink = download.metalink {
        HTML(.li) { HTML(.a, .href(link(metalink))) { "Metalink" } }
      }
      for (kind, title) in Self.documents {
        if let path = download.documents[kind] {
          HTML(.li) { HTML(.a, .href(link(path))) { title } }
        }
      }
      if isFirst, download.signature != nil, let key {
        HTML(.li) { HTML(.a, .href(link(key))) { "Signing key" } }
      }
    }
  }

  private var commands: HTML? {
    guard let commands = DownloadCommands(download, at: base, from: directory) else { return nil }
    guard commands.isAbsolute || !commands.checks.isEmpty else { return nil }
    return HTML(
      .details, isFirst ? [.flag("open")] : [],
      HTML([
        HTML(.summary) { "Shell commands" },
        commands.isAbsolute
          ? HTML() : HTML(.noscript) { HTML(.p) { "After downloading the files above:" } },
        HTML(.pre, .class("shell")) {
          HTML(.code, Attribute("data-copy", "commands for \(download.title)")) {
            for fetch in commands.fetches { line(fetch, isWhole: commands.isAbsolute) }
            for check in commands.checks { HTML(.span, .class("line")) { "\(check)\n" } }
          }
        },
        keyHint,
      ]))
  }

  /// A command line; if it requires the page's own URL, the script completes it.
  private func line(_ fetch: DownloadCommands.Fetch, isWhole: Bool) -> HTML {
    isWhole
      ? HTML(.span, .class("line")) { "\(fetch.command)\n" }
      : HTML(
        .span, .class("line fetch"), Attribute("data-href", fetch.link.text),
        Attribute("data-before", fetch.option))
  }

  private var keyHint: HTML {
    guard isFirst, download.signature != nil, let key, let base else { return HTML() }
    return HTML(.p, .class("quiet hint")) {
      "Import the signing key (once): "
      HTML(.code) { DownloadCommands.keyImport(key, at: base) }
      if let fingerprint {
        "; fingerprint: "
        HTML(.code) { "\(fingerprint)" }
      }
    }
  }
}
