import LinuxSystem
import MirrorModel
import Foundation
import SystemPackage
import TestSupport

@testable import MirrorTools

/// A mirror, and its pages as generated and written.
struct PageMirror {
  let mirror: TestMirror
  let catalog: Catalog
  var configuration = MirrorConfiguration()
  var today: CalendarDate = day("2026-11-22")
  var now: Int64 = 1_795_348_800

  init() throws {
    mirror = try TestMirror()
    catalog = try .inMemory()
  }

  func source(
    excluding: Set<MirrorPath> = [], isAlive: @escaping @Sendable (Int32) -> Bool = { _ in false }
  ) throws -> IndexSource {
    try IndexSource(
      mirror.scan(isAlive: isAlive), configuration.index, configuration.rotation,
      signer: configuration.signing?.key, catalog: catalog, excluding: excluding, today: today,
      now: now)
  }

  /// Writes the pages, like the verb.
  @discardableResult
  func write(excluding: Set<MirrorPath> = []) throws -> [IndexFile] {
    let files = try IndexFormat.html.content(source(excluding: excluding)).files
    let publisher = try IndexPublisher(root: mirror.root)
    for file in files { try publisher.publish(file) }
    return files
  }

  /// A page as text.
  func page(_ path: MirrorPath, excluding: Set<MirrorPath> = []) throws -> String? {
    try IndexFormat.html.content(source(excluding: excluding)).files.first { $0.path == path }
      .map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// A mirror with an example of everything.
  static func rich() throws -> PageMirror {
    var pages = try PageMirror()
    pages.configuration.index.title = "Stages <of> \"Example\""
    pages.configuration.index.description = "Built & tested every week."
    pages.configuration.signing = Fingerprint(String(repeating: "5A", count: 20)).map(SigningSettings.init)
    let dates = ["2026-11-03", "2026-11-10", "2026-11-21"]
    for date in dates {
      try pages.mirror.version("std/x86-64bit/generic_64/\(date)", stages: ["stage1", "stage3", "lxd"])
    }
    let newest = "std/x86-64bit/generic_64/2026-11-21"
    let digest = String(repeating: "0f", count: 32)
    try pages.mirror
      .file(
        "\(newest)/build-info.json", #"{"CHOST": "x86_64-pc-linux-gnu", "CFLAGS": "-O2 -march=x86-64"}"#
      )
      .file("\(newest)/stage3-generic_64-std-2026-11-21.tar.xz.hash.txt", "sha256 \(digest)\n")
      .file("\(newest)/stage3-generic_64-std-2026-11-21.tar.xz.gpg")
      .file("\(newest)/stage3-generic_64-std-2026-11-21.tar.xz.meta4")
      .file("std/x86-64bit/generic_64/latest.txt").file("signing-key.asc").file("index.xml")
      .file("std/snapshots/portage-2026-11-20.tar.xz", "tree")
      .version("std/x86-64bit/intel64-haswell/2026-11-20")
      .version("std/x86-64bit/core2_64/2026-10-01")
      .version("std/arm-64bit/generic_arm64/2026-11-19", stages: ["stage3", "openvz"])
      .version("next/x86-64bit/generic_64/2026-11-11", stages: ["stage3"])
      .version("next/x86-64bit/generic_64/2026-11-18", stages: [], status: "fail")
      .file("next/x86-64bit/generic_64/2026-11-18/log/stage2.txt", "ERROR")
      .file("next/x86-64bit/generic_64/.control/.failcount", "2\n")
      .directory("next/riscv-64bit/rv64gc/.control")
    for (index, date) in (["2026-09-01", "2026-10-01", "2026-10-20"] + dates).enumerated() {
      let isGood = index != 1
      try pages.catalog.note([
        BuildRecord(
          subarch: "std/x86-64bit/generic_64", version: FileName(date), at: Int64(index),
          outcome: isGood ? .ok : .fail, bytes: isGood ? Int64(300 + index) << 20 : nil)
      ])
    }
    try pages.catalog.note(pages.mirror.scan(), now: 7)
    return pages
  }

  /// A mirror with hostile names.
  static func hostile() throws -> PageMirror {
    var pages = try PageMirror()
    let names = [
      "<script>document.title='pwned'<script>", "\"onmouseover=\"document.title='pwned'", "a'b&amp;c",
      "<img src=x onerror=\"document.title='pwned'\">", "<title><h1>pwned", "-->", "line\nbreak", "%2e%2e",
      "javascript:document.title='pwned'", "a b?c#d", "rtl\u{202e}txt", "\u{7}\u{80}\u{FFFE}", "-rf",
      String(repeating: "long", count: 60),
    ]
    pages.configuration.index.title = "</title></script><script>document.title='pwned'</script>"
    pages.configuration.index.description = names[3]
    for name in names {
      for path in ["std/x86/\(name)", "std/\(name)/gen", "\(name)/x86/gen"] {
        let version = "\(path)/2026-11-20"
        try pages.mirror.file("\(version)/status", "ok").file("\(version)/stage3.tar.xz", "x")
      }
      let short = String(name.prefix(200))
      try pages.mirror.file("std/x86/files/2026-11-20/status", "ok")
        .file("std/x86/files/2026-11-20/\(short).tar.xz", name)
        .file("std/x86/files/\(short)/status", "fail")
        .file("std/x86/files/\(short)/log/\(short).txt", "log")
        .file("std/snapshots/\(short)-2026-11-01.tar.xz", "tree")
    }
    try pages.mirror.file("std/x86/files/.control/.failcount", "3\n")
    let text = String(
      decoding: try JSONEncoder().encode(["CFLAGS": names[3], names[0]: names[5]]), as: UTF8.self)
    try pages.mirror.file("std/x86/files/2026-11-20/build-info.json", text)
    let bad = MirrorPath(bytes: Array("std/x86/bad".utf8) + [0xFF, 0xFE])
    try Tool.run(
      "sh", "-c",
      #"d="$1/$(printf 'std/x86/bad\377\376')/2026-11-20" && mkdir -p "$d" && : > "$d/status" && : > "$d/stage3.tar.xz""#,
      "sh", pages.mirror.root.string)
    try pages.catalog.note(pages.mirror.scan(), now: 7)
    try pages.catalog.note([
      BuildRecord(
        subarch: bad, version: FileName(names[3]), at: 9, outcome: .fail, target: names[0], error: names[3])
    ])
    return pages
  }
}
