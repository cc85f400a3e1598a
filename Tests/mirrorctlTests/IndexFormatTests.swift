import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("index --format")
struct IndexFormatTests {
  private let mirror: OfferedMirror
  private var workspace: Workspace { mirror.workspace }
  private let latest = "\(OfferedMirror.subarch)/latest.txt"

  init() throws { mirror = try OfferedMirror() }

  private func object(_ path: String) throws -> [String: Any] {
    let data = Data(try mirror.text(path).utf8)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func products() throws -> [String: Any] {
    try #require(try object("streams/v1/images.json")["products"] as? [String: Any])
  }

  @Test("latest: one line per variant of the newest complete version, stage3 first")
  func latestLines() throws {
    try workspace.shell(
      """
      cd mirror/\(OfferedMirror.subarch); mkdir 2099-01-01 2016-11-20
      echo ok > 2099-01-01/status; echo x | xz > 2099-01-01/stage3-x.tar.xz; echo x | xz > 2016-11-20/stage3-x.tar.xz
      echo x > 2016-11-17/openvz-gen-std-2016-11-17.tar; : > 2016-11-17/openvz-gen-std-2016-11-17.tar.cme
      """)
    #expect(try workspace.mirrorctl("index", "--format", "latest").status == 0)
    let sizes = try ["stage3", "gnome-stage3", "lxc", "lxd"].map {
      try mirror.size("\(OfferedMirror.new)/\($0)-gen-std-2016-11-17.tar.xz")
    }
    #expect(
      try mirror.text(latest) == """
        # Latest as of Thu, 17 Nov 2016 10:00:00 +0000
        # ts=1479376800
        # Written by mirrorctl: path from here, size in bytes.
        2016-11-17/stage3-gen-std-2016-11-17.tar.xz \(sizes[0])
        2016-11-17/gnome-stage3-gen-std-2016-11-17.tar.xz \(sizes[1])
        2016-11-17/lxc-gen-std-2016-11-17.tar.xz \(sizes[2])
        2016-11-17/lxd-gen-std-2016-11-17.tar.xz \(sizes[3])

        """)
  }

  @Test(
    "latest: is emptied if nothing is offered any more, and not created if nothing ever was")
  func nothing() throws {
    try workspace.shell("mkdir -p mirror/std/x86-64bit/never/.control")
    #expect(try workspace.mirrorctl("index", "--format", "latest").status == 0)
    #expect(try mirror.names("latest.txt") == [latest])
    try workspace.shell(
      "rm -r mirror/\(OfferedMirror.old) mirror/\(OfferedMirror.new)/stage3*; echo fail > mirror/\(OfferedMirror.new)/status"
    )
    #expect(try workspace.mirrorctl("index").status == 0)
    #expect(try mirror.text(latest) == "# Written by mirrorctl: path from here, size in bytes.\n")
    #expect(try mirror.names("index.xml") == ["index.xml"])
  }

  @Test("latest and simplestreams: files of other programs are not updated")
  func foreign() throws {
    try workspace.shell(
      "echo theirs > mirror/\(latest); mkdir -p mirror/streams/v1; echo '{}' | tee mirror/streams/v1/index.json > mirror/streams/v1/images.json"
    )
    #expect(try workspace.mirrorctl("index").status == 0)
    #expect(try mirror.text(latest) == "theirs\n")
    #expect(try mirror.text("streams/v1/index.json") == "{}\n")
    // Nor if our files exist beside them, unless the format is requested.
    try workspace.shell(
      "cp -a mirror/\(OfferedMirror.subarch) mirror/std/x86-64bit/also; rm mirror/\(latest) mirror/streams/v1/*"
    )
    #expect(try workspace.mirrorctl("index", "--format", "latest,simplestreams").status == 0)
    try workspace.shell(
      "for file in mirror/\(latest) mirror/streams/v1/index.json; do echo theirs > $file; done")
    #expect(try workspace.mirrorctl("index").status == 0)
    #expect(try mirror.text(latest) == "theirs\n" && mirror.text("streams/v1/index.json") == "theirs\n")
    #expect(try workspace.mirrorctl("index", "--format", "latest").status == 0)
    #expect(try mirror.text(latest).hasPrefix("# Latest"))
  }

  @Test("latest: a file that cannot be written is reported, and the others are written")
  func unwritable() throws {
    try workspace.shell(
      "cp -a mirror/\(OfferedMirror.subarch) mirror/std/x86-64bit/also; ln -s /etc/passwd mirror/\(latest)")
    let outcome = try workspace.mirrorctl("index", "--format", "latest,xml")
    #expect(outcome.status == 3)
    #expect(outcome.errorText.contains("/\(latest): is not a regular file: move it away"))
    #expect(try mirror.names("latest.txt") == ["std/x86-64bit/also/latest.txt", latest])
    #expect(try mirror.names("index.xml") == ["index.xml"])
  }

  @Test("simplestreams: lists every complete version of an lxd image whose digest is known")
  func streams() throws {
    #expect(try workspace.mirrorctl("index", "--format", "simplestreams").status == 0)
    #expect(try products().isEmpty)
    try workspace.shell(
      """
      cd mirror/\(OfferedMirror.subarch); mkdir 2099-01-01 odd; for day in 2099-01-01 odd; do
        echo ok > $day/status; echo $day | xz > $day/lxd-gen-std-$day.tar.xz
      done
      """)
    try mirror.publish()
    let product = try #require(try products()["std:x86-64bit:gen"] as? [String: Any])
    #expect(product["arch"] as? String == "amd64")
    #expect(product["aliases"] as? String == "std/gen,std/x86-64bit/gen")
    let versions = try #require(product["versions"] as? [String: [String: [String: [String: Any]]]])
    #expect(versions.keys.sorted() == ["20161103", "20161117"])
    let items = try #require(versions["20161117"]?["items"])
    #expect(items.keys.sorted() == ["incus_combined.tar.gz", "lxd_combined.tar.gz"])
    let path = "\(OfferedMirror.new)/lxd-gen-std-2016-11-17.tar.xz"
    for (kind, item) in items {
      #expect(item["ftype"] as? String == kind)
      #expect(item["path"] as? String == path)
      #expect(item["sha256"] as? String == (try mirror.sha256(path)))
      #expect(item["size"] as? Int == (try mirror.size(path)))
    }
    let index = try object("streams/v1/index.json")
    #expect(index["format"] as? String == "index:1.0")
    let entry = try #require((index["index"] as? [String: [String: Any]])?["images"])
    #expect(entry["path"] as? String == "streams/v1/images.json")
    #expect(entry["products"] as? [String] == ["std:x86-64bit:gen"])
    // A version is unlisted before it is deleted; the last one leaves an empty list.
    #expect(try workspace.mirrorctl("clean", "--apply", "--keep", "1").status == 0)
    #expect(try !mirror.text("streams/v1/images.json").contains("20161103"))
    try workspace.shell("rm mirror/\(OfferedMirror.new)/lxd*")
    #expect(try workspace.mirrorctl("index").status == 0)
    #expect(try products().isEmpty)
  }

  @Test("simplestreams: images that clients could not use are left out and reported")
  func strangeImages() throws {
    try workspace.shell(
      """
      cd mirror/std; cp -a x86-64bit 'sparc, old'; cp -a x86-64bit/gen 'x86-64bit/a b'; cd 'x86-64bit/a b'
      for file in */*-gen-*; do mv "$file" "$(printf %s "$file" | sed 's/-gen-/-a b-/')"; done
      """)
    try #require(try workspace.mirrorctl("digestgen").status == 0)
    let outcome = try workspace.mirrorctl("index", "--format", "simplestreams")
    #expect(outcome.status == 3)
    #expect(outcome.errorText.contains("LXD has no name for `sparc, old`"))
    #expect(
      outcome.errorText.contains("lxd-a b-std-2016-11-17.tar.xz: omitted from the image streams: its path"))
    #expect(try products().keys.sorted() == ["std:x86-64bit:gen"])
  }

  @Test("nothing is reported for a build that is not listed")
  func ignored() throws {
    try mirror.publish()
    try mirror.configure("[section rotation]\nignore-builds: std\n[section index]\nurls: http://m.example\n")
    #expect(try workspace.mirrorctl("index").status == 0)
    #expect(try mirror.names("*.meta4") == [])
    #expect(try mirror.text(latest).split(separator: "\n").count == 1)
    #expect(try products().isEmpty)
    #expect(try !mirror.text("index.json").contains("stage3"))
  }

  @Test("json matches its schema", .enabled(if: Tool.exists("python3")))
  func schema() throws {
    try workspace.shell(
      """
      cd mirror/\(OfferedMirror.new); : > stage3-gen-std-2016-11-17.tar.xz.asc
      echo '{"CHOST": "x86_64-pc-linux-gnu", "JOBS": 4}' > build-info.json
      '\(Program.path)' digestgen -q --mirror "\(workspace.mirror)" --algorithm sha256,sha512,blake2b
      """)
    try #require(try workspace.mirrorctl("index", "--format", "json").status == 0)
    let schema = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("Sources/MirrorTools/Index/index.schema.json").string
    func judge(_ path: String) throws -> Outcome {
      try workspace.run([
        "python3", "-c",
        """
        import json, jsonschema, sys
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(json.load(open(sys.argv[2])), schema, jsonschema.Draft202012Validator)
        """, schema, path,
      ])
    }
    let judged = try judge("\(workspace.mirror)/index.json")
    #expect(judged.status == 0, "\(judged.errorText)")
    let text = try mirror.text("index.json")
    for key in ["sha256", "sha512", "blake2b", "signature", "CHOST"] { #expect(text.contains("\"\(key)\"")) }
    for change in ["s/\"bytes\" : /&-/", "s/\"full\" : true/\"full\" : \"yes\"/", "s/\"sha256\"/\"sha255\"/"]
    {
      try workspace.shell(
        "sed '\(change)' mirror/index.json > changed.json; ! cmp -s mirror/index.json changed.json")
      #expect(try judge("\(workspace.path)/changed.json").status != 0, "\(change)")
    }
  }

  @Test("[section index] sets formats and their contents, and upkeep writes them")
  func upkeep() throws {
    try mirror.configure(
      "[section index]\nformats: metalink latest simplestreams json xml\nurls: http://m.example\n")
    let outcome = try workspace.mirrorctl("upkeep", "--keep", "1")
    #expect(outcome.status == 0, "\(outcome.errorText)")
    #expect(try mirror.names("*.meta4").count == 5)
    #expect(try mirror.names("index.*") == ["index.json", "index.xml", "streams/v1/index.json"])
    #expect(try workspace.mirrorctl("upkeep", "--keep", "1").text == "")
    // The files of the formats are not mistaken for a build or a subarch.
    #expect(try workspace.mirrorctl("status").text.split(separator: "\n").count == 1)
    try mirror.configure("[section index]\nformats: rss\n")
    let refused = try workspace.mirrorctl("index")
    #expect(refused.status == 1)
    #expect(refused.errorText.contains("`rss` is not valid"))
  }
}
