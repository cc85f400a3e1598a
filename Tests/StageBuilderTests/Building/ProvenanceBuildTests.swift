import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("Provenance of builds", .enabled(if: BuildSite.isPossible, BuildSite.reason))
struct ProvenanceBuildTests {
  private static let subarch = TrivialSite.subarch.joined(separator: "/")
  private static let version = TrivialSite.date
  private static let later = "2026-11-23"

  private static let seed = "stage3-generic_64-gentoo-2026-11-01.tar"

  private static func file(_ target: String, _ version: String = version) -> String {
    "\(subarch)/\(version)/\(target)-generic_64-gentoo-\(version).tar.xz"
  }

  /// A site with a key, `good`, and one that it does not trust, `evil`.
  private static func site(_ more: String = "") throws -> TrivialSite {
    let site = try TrivialSite(
      """
      [section signing]
      key: << $[path/tmp]/key
      homedir: $[path/tmp]/g
      formats: asc
      [section build]
      sbom: spdx cyclonedx
      \(more)

      """,
      preparing: """
        mkdir -p tmp; mkdir -m 700 tmp/g; gpg() { command gpg --homedir tmp/g --batch --quiet --no-tty "$@" 2> /dev/null; }
        for key in good evil; do gpg --passphrase '' --quick-generate-key $key@example.org ed25519 sign never; done
        gpg --with-colons --list-keys good@example.org | grep -m 1 ^fpr | cut -d : -f 10 > tmp/key
        gpg --armor --export good@example.org > good.asc; gpg --armor --export evil@example.org > evil.asc
        """)
    return site
  }

  private static func built(_ more: String = "", mode: String = "full+oci") throws -> TrivialSite {
    let site = try site(more)
    let outcome = try site.build(mode)
    try #require(outcome.status == 0, "\(outcome.errorText)")
    try #require(try site.run(["digestgen"]).status == 0)
    return site
  }

  /// Verdicts and the ends of names, in the order of the chain.
  private func chain(_ site: TrivialSite, _ arguments: String...) throws -> (status: Int32, links: [String]) {
    let outcome = try site.run(["verify", "--provenance"] + arguments)
    let links = outcome.text.split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      return "\(words[0]) \(words[1].split(separator: "/").last ?? "")"
    }
    return (outcome.status, links)
  }

  /// Compares with a golden file what is the same in every run.
  private func golden(_ name: String, _ text: String, _ site: TrivialSite) throws {
    let text = text.replacing("\(site.workspace.mirror)", with: "MIRROR")
      .replacing(#/[0-9a-f]{40,64}/#, with: "DIGEST")
      .replacing(#/[-0-9]{10}T[:0-9]{8}Z/#, with: "TIME")
      .replacing(#/"(bytes|confinement|mirrorctl|engine)" : "[^"]*"/#) { "\"\($0.1)\" : \"VALUE\"" }
      // Only a checkout has a commit, and it may be modified.
      .replacing(#/ *"(gitCommit" : "DIGEST|modified" : "yes)",\n/#, with: "")
    try Judges.expect(Array(text.utf8), is: name)
  }

  private func document(_ site: TrivialSite, _ path: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(site.workspace.mirror)/\(path)"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test(
    "each stage and image has documents that the libraries of their formats accept, and no path of the host")
  func documents() throws {
    let site = try Self.built(
      """
      builder: https://builds.example.org/a
      [section trivial]
      secret: hunter2
      """)
    let names = try site.names(Self.version).filter { $0.hasSuffix(".json") && $0 != "build-info.json" }
    #expect(names.count == 9, "\(names)")
    let documents = names.map { "\(site.workspace.mirror)/\(Self.subarch)/\(Self.version)/\($0)" }
    #expect(try Judges.problems(of: documents, in: site.workspace) == "")
    for path in documents {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      for secret in [
        site.workspace.path.string, "hunter2", ProcessInfo.processInfo.hostName, NSHomeDirectory(),
      ]
      where secret.count > 5 {
        #expect(!text.contains(secret), "\(path) contains \(secret)")
      }
    }
    let statement = try document(site, "\(Self.file("stage3")).provenance.json")
    let predicate = try #require(statement["predicate"] as? [String: Any])
    let definition = try #require(predicate["buildDefinition"] as? [String: Any])
    #expect(
      definition["externalParameters"] as? [String: String] == [
        "build": "gentoo", "arch": "x86-64bit", "subarch": "generic_64", "target": "stage3",
        "version": Self.version, "mode": "full", "extras": "oci",
      ])
    let details = try #require(definition["internalParameters"] as? [String: String])
    let record = try document(site, "gentoo/x86-64bit/generic_64/\(Self.version)/log/stage3.inputs.json")
    #expect(
      details["network"] == "host" && details["key"] == record["key"] as? String && details["key"] != nil)
    let dependencies = try #require(definition["resolvedDependencies"] as? [[String: Any]])
    let sums = try site.workspace.shell(
      "cd mirror; sha256sum \(Self.file("stage1")) gentoo/snapshots/portage-\(Self.version).tar.xz"
    ).text.split(separator: "\n").map { String($0.prefix(64)) }
    #expect(
      dependencies.prefix(2).map { ($0["digest"] as? [String: String])?["sha256"] } == sums.map(Optional.some)
    )
    #expect(
      dependencies.map { ($0["annotations"] as? [String: String])?["role"] } == [
        "seed", "snapshot", "specs", "specs/base",
      ])
    let run = try #require(predicate["runDetails"] as? [String: Any])
    #expect((run["builder"] as? [String: Any])?["id"] as? String == "https://builds.example.org/a")
    let byproducts = try #require(run["byproducts"] as? [[String: Any]])
    let log = try #require(byproducts.first { $0["name"] as? String == "log/stage3.txt" })
    let bytes = try #require((log["annotations"] as? [String: String])?["bytes"])
    #expect(
      try site.workspace.shell(
        "head -c \(bytes) mirror/\(Self.subarch)/\(Self.version)/log/stage3.txt | sha256sum"
      )
      .text.prefix(64) == ((log["digest"] as? [String: String])?["sha256"] ?? "")[...])
  }

  @Test("the chain of a stage and of an image leads to the seed that was not built here")
  func whole() throws {
    let site = try Self.built()
    let stages = [
      "ok stage3-generic_64-gentoo-\(Self.version).tar.xz",
      "ok stage1-generic_64-gentoo-\(Self.version).tar.xz",
      "seed \(Self.seed)",
    ]
    let stage3 = "\(site.workspace.mirror)/\(Self.file("stage3"))"
    #expect(try chain(site, stage3) == (0, stages))
    #expect(try chain(site, "\(stage3).provenance.json") == (0, stages))
    #expect(try chain(site, "\(site.workspace.mirror)/\(Self.subarch)/stage3-latest.tar.xz") == (0, stages))
    let image = "\(site.workspace.mirror)/\(Self.subarch)/oci-latest.oci.tar"
    #expect(try chain(site, image) == (0, ["ok oci-generic_64-gentoo-\(Self.version).oci.tar"] + stages))

    try golden(
      "statement.json",
      String(decoding: Data(contentsOf: URL(fileURLWithPath: "\(stage3).provenance.json")), as: UTF8.self),
      site)
    try golden("chain.txt", try site.run(["verify", "--provenance", image]).text, site)

    let json = try site.run(["verify", "--json", "--provenance", stage3])
    #expect(try OutputSchema.problem(of: json.output, by: ["verify", "--json"]) == nil)

    // Without any configuration, from a web server and from a file URL.
    let server = try WebServer(site.workspace.mirror, in: site.workspace.path.appending("web"))
    for base in [server.address, "file://\(site.workspace.mirror)"] {
      for (key, status) in [("good", Int32(0)), ("evil", 3)] {
        let outcome = try site.workspace.run([
          Program.path.string, "verify", "--key", "\(site.workspace.path)/\(key).asc", "--provenance",
          "\(base)/\(Self.file("stage3"))",
        ])
        #expect(outcome.status == status, "\(outcome.text)\(outcome.errorText)")
        #expect(outcome.text.hasPrefix(key == "good" ? "ok " : "missigned "), "\(outcome.text)")
      }
    }
    let latest = try chain(
      site, "\(server.address)/\(Self.subarch)/stage3-latest.tar.xz", "--key",
      "\(site.workspace.path)/good.asc")
    #expect(latest == (0, ["ok stage3-latest.tar.xz"] + stages.dropFirst()))
  }

  /// What is done to the mirror, the exit status, and the links of the chain by their verdicts.
  private static let faults: [(String, Int32, [String])] = [
    ("printf x >> stage3", 4, ["corrupt"]),
    ("printf x >> stage1", 4, ["ok", "corrupt"]),
    ("sed -i s/full/fast/ stage3.provenance.json", 3, ["missigned"]),
    ("sed -i s/full/fast/ stage1.provenance.json", 3, ["ok", "missigned"]),
    ("echo '{}' > stage3.provenance.json", 4, ["corrupt"]),
    ("rm stage3.provenance.json.asc", 3, ["unsigned"]),
    (
      "gpg --homedir $tmp/g --batch -q --yes -u evil@example.org --armor --detach-sign stage3.provenance.json",
      3,
      ["missigned"]
    ),
    ("printf ' ' >> stage1.spdx.json", 4, ["ok", "corrupt"]),
    ("rm stage1.provenance.json", 3, ["ok", "missing"]),
    ("rm stage1", 0, ["ok", "stated", "seed"]),
    ("rm stage1; echo other > stage1.provenance.json", 4, ["ok", "corrupt"]),
    (
      "rm stage1; for end in json json.asc; do cp stage3.provenance.$end stage1.provenance.$end; done", 4,
      ["ok", "corrupt"]
    ),
    ("rm stage3", 3, ["missing"]),
    ("rm ../2026-11-01/*.tar", 3, ["ok", "ok", "missing"]),
    ("for seed in ../2026-11-01/*.tar; do printf x >> $seed; done", 4, ["ok", "ok", "corrupt"]),
  ]

  @Test("what was tampered with or removed is found, and ends the chain")
  func faulty() throws {
    let site = try Self.built(mode: "full")
    try site.workspace.shell("cp -a mirror intact")
    let stage3 = "\(site.workspace.mirror)/\(Self.file("stage3"))"
    for (change, status, verdicts) in Self.faults {
      // The files by short names.
      let script = change.replacingOccurrences(of: " stage", with: " ./stage")
        .replacing(/\.\/(stage[13])/) { "\($0.1)-generic_64-gentoo-\(Self.version).tar.xz" }
      try site.workspace.shell(
        "rm -rf mirror; cp -a intact mirror; tmp=$PWD/tmp; cd mirror/\(Self.subarch)/\(Self.version); \(script)"
      )
      let found = try chain(site, stage3)
      #expect(found.status == status, "\(change): \(found)")
      #expect(found.links.map { String($0.prefix { $0 != " " }) } == verdicts, "\(change)")
    }
    // A circle: each was made from the other.
    try site.workspace.shell(
      """
      rm -rf mirror; cp -a intact mirror; cd mirror/\(Self.subarch)/\(Self.version)
      s3=$(sha256sum < stage3*.tar.xz | cut -c-64)
      python3 - "$s3" <<'END'
      import glob, json, sys
      path = glob.glob("stage1*.provenance.json")[0]
      text = json.load(open(path))
      seed = text["predicate"]["buildDefinition"]["resolvedDependencies"][0]
      name = glob.glob("stage3*.tar.xz")[0]
      seed["name"], seed["digest"] = name, {"sha256": sys.argv[1]}
      seed["annotations"] = {"role": "seed", "provenance": "yes", "path": "\(Self.subarch)/\(Self.version)/" + name}
      json.dump(text, open(path, "w"))
      END
      gpg --homedir ~/tmp/g --batch -q --yes -u good@example.org --armor --detach-sign stage1*.provenance.json
      """)
    let circle = try chain(site, stage3)
    #expect(
      circle.status == 4 && circle.links.count == 3 && circle.links[2].hasPrefix("corrupt "), "\(circle)")

    let unknown = try site.run([
      "verify", "--provenance", "\(site.workspace.mirror)/gentoo/snapshots/portage-latest.tar.xz",
    ])
    #expect(
      unknown.status == 1 && unknown.errorText.contains(".provenance.json: does not exist"),
      "\(unknown.errorText)")
  }

  @Test(
    "documents are signed, indexed, linked from the page, verified, published, withdrawn and removed with their file"
  )
  func life() throws {
    let site = try Self.built(
      """
      [section index]
      formats: xml json html
      [section publish/copy]
      to: $[path/tmp]/copy
      as: master
      """)
    let documents = [".cdx.json", ".provenance.json", ".spdx.json"]
    let names = try site.names(Self.version)
    let stage3 = "stage3-generic_64-gentoo-\(Self.version).tar.xz"
    for document in documents {
      #expect(names.contains(stage3 + document) && names.contains("\(stage3)\(document).asc"), "\(document)")
      #expect(try site.link("stage3-latest.tar.xz\(document)") == "\(Self.version)/\(stage3)\(document)")
    }
    #expect(try site.run(["digestgen"]).text == "", "nothing is left to sign")
    #expect(try site.run(["verify"]).status == 0)
    try site.workspace.shell("mkdir tmp/copy")
    try #require(try site.run(["index"]).status == 0)
    let index = try site.workspace.shell("cat mirror/index.json mirror/index.xml").text
    let page = try #require(site.text("index.html"))
    for document in documents {
      #expect(index.contains("/\(Self.file("stage3"))\(document)\""), "\(index)")
      #expect(page.contains("\(Self.version)/\(stage3)\(document)\""))
    }

    let published = try site.run(["publish"])
    #expect(published.status == 0, "\(published.errorText)")
    for document in documents {
      try site.workspace.shell("f=\(Self.file("stage3"))\(document); cmp mirror/$f tmp/copy/$f")
    }
    // A stage1 is not published, but its provenance is.
    let copy = try chain(
      site, "\(site.workspace.path)/tmp/copy/\(Self.file("stage3"))", "--mirror",
      "\(site.workspace.path)/tmp/copy")
    #expect(
      copy.links.dropFirst() == [
        "stated stage1-generic_64-gentoo-\(Self.version).tar.xz", "missing \(Self.seed)",
      ])

    // A document that was changed, or that describes another tarball, is found.
    try site.workspace.shell(
      "cp -a mirror intact; cd mirror/\(Self.subarch)/\(Self.version); cp stage1*z.spdx.json \(stage3).spdx.json"
    )
    #expect(try site.run(["verify"]).status != 0)
    try site.workspace.shell(
      "rm -rf mirror; mv intact mirror; printf ' ' >> mirror/\(Self.file("stage3")).provenance.json")
    #expect(try site.run(["verify"]).text.contains("missigned"))
    try site.workspace.shell("truncate -s -1 mirror/\(Self.file("stage3")).provenance.json")
    try #require(try site.run(["digestgen"]).status == 0)

    // They are gone with a tarball that is deleted, and with one that is replaced.
    try site.workspace.shell(
      "cd mirror/\(Self.subarch)/\(Self.version); mv stage1*.tar.xz other; cat other > \(stage3); rm other"
    )
    try #require(try site.run(["digestgen"]).status == 0)
    #expect(try site.names(Self.version).allSatisfy { !$0.hasPrefix("stage1") })
    #expect(try site.names(Self.version).filter { $0.hasPrefix("stage3") && $0.contains(".json") } == [])

    #expect(try site.workspace.shell("find mirror -xtype l").text == "", "no link is dead")
    let withdrawn = try site.run([
      "withdraw", "\(Self.subarch)/\(Self.version)", "--delete", "--reason", "broken",
    ])
    #expect(withdrawn.status == 0, "\(withdrawn.errorText)")
    #expect(try site.names(Self.version).filter { $0.contains(".json") && $0 != "build-info.json" } == [])
    #expect(try site.workspace.shell("find mirror -xtype l").text == "", "no link is dead")
  }

  @Test("settings choose documents, and wrong ones are found before anything is built")
  func settings() throws {
    let site = try TrivialSite()
    for (key, value) in [("sbom", "swid"), ("sbom", "no spdx"), ("provenance", "maybe"), ("builder", "me")] {
      let outcome = try site.build("full", "build/\(key):", value)
      #expect(outcome.status != 0 && outcome.errorText.contains("build/\(key): `"), "\(outcome.errorText)")
      #expect(site.text(".control/.failcount") == nil)
    }
    try #require(try site.build("full", "build/sbom:", "no", "build/provenance:", "no").status == 0)
    #expect(try site.names(Self.version).filter { $0.hasSuffix(".json") } == ["build-info.json"])
  }

  @Test("a tarball that is compressed later keeps its documents")
  func deferred() throws {
    let site = try Self.site("[section capture]\ncompress: later\n")
    try #require(try site.build("full").status == 0)
    let compressed = try site.run(["compress"])
    try #require(compressed.status == 0, "\(compressed.errorText)")
    try #require(try site.run(["digestgen"]).status == 0)
    #expect(try site.run(["verify"]).status == 0)
    let found = try chain(site, "\(site.workspace.mirror)/\(Self.file("stage3"))")
    // It was made from the stage1 when that was not compressed yet.
    #expect(found.links.first == "ok stage3-generic_64-gentoo-\(Self.version).tar.xz", "\(found)")
  }
}
