@testable import MirrorModel
import Glibc
import TestSupport
import Testing

/// An upload with files that the server may not upload, plus an honest subarch.
struct HostileUploadCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  /// Shell commands in the mirror, before the upload.
  var preparation = ":"
  var configuration = ""
  var upload: ForgedUpload
  /// Texts that standard error must contain.
  let messages: [String]
  /// Paths of the upload that are still received.
  var received: [String] = []
  /// Whether the honest subarch is received.
  var takesHonest = true

  static let owned = "mkdir -p std/x86/gen/.control; echo one > std/x86/gen/.control/server"
  static let built =
    "mkdir -p std/x86/gen/2016-01-01; cd std/x86/gen/2016-01-01; printf ours | xz > stage3-gen-std-2016-01-01.tar.xz; printf ok > status; cd ../../../.."
  static let next = ForgedUpload.version("std/x86/gen/2016-01-02")
  static let tarball = "std/x86/gen/2016-01-02/stage3-gen-std-2016-01-02.tar.xz"
  /// The paths of the next version without sidecars.
  static let rest = Array(next.keys)
  static let future = CalendarDate(localDayOf: Int64(time(nil)) + 3 * 86_400).description

  /// The shortest provenance of a tarball.
  private static func statement(_ name: String, _ sha256: String) -> String {
    """
    {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1",
      "subject": [{"name": "\(name)", "digest": {"sha256": "\(sha256)"}}],
      "predicate": {"buildDefinition": {"buildType": "x", "externalParameters": {}},
        "runDetails": {"builder": {"id": "x"}}}}
    """
  }

  static let subarches = [
    HostileUploadCase(
      testDescription: "a subarch that the master builds, by its strategy",
      preparation:
        "\(built); mkdir -p std/x86/gen/.control/strategy; echo local > std/x86/gen/.control/strategy/build",
      upload: ForgedUpload(files: next), messages: ["/std/x86/gen: is built here"]),
    HostileUploadCase(
      testDescription: "a subarch that init prepared for its first build",
      preparation:
        "mkdir -p std/x86/gen/.control/strategy; echo remote > std/x86/gen/.control/strategy/build",
      upload: ForgedUpload(files: next), messages: ["/std/x86/gen: is built here"]),
    HostileUploadCase(
      testDescription: "a subarch that the master builds, and lists for the server by mistake",
      preparation:
        "\(built); mkdir -p std/x86/gen/.control/strategy; echo local > std/x86/gen/.control/strategy/build",
      configuration: "[section receive/one]\nsubarches: std/x86/*", upload: ForgedUpload(files: next),
      messages: ["/std/x86/gen: is built here"]),
    HostileUploadCase(
      testDescription: "a subarch that the rotation builds",
      configuration: "[section rotation]\nsubarches: gen\nalso-stored: honest",
      upload: ForgedUpload(files: next), messages: ["/std/x86/gen: is built here"]),
    HostileUploadCase(
      testDescription: "its own subarch while the master builds in it",
      preparation: "\(owned); echo \(getpid()) > std/x86/gen/.control/.multi_progress",
      upload: ForgedUpload(files: next), messages: ["/std/x86/gen: is being built here"]),
    HostileUploadCase(
      testDescription: "an existing subarch without an owner", preparation: built,
      upload: ForgedUpload(files: next), messages: ["/std/x86/gen: already exists and has no owner"]),
    HostileUploadCase(
      testDescription: "a subarch of another server",
      preparation: "\(built); mkdir std/x86/gen/.control; echo two > std/x86/gen/.control/server",
      upload: ForgedUpload(files: next), messages: ["/std/x86/gen: is built by two"]),
    HostileUploadCase(
      testDescription: "control files alone, of a subarch that is not its own",
      preparation:
        "\(built); mkdir -p std/x86/gen/.control/version; echo 2016-01-01 > std/x86/gen/.control/version/stage3; echo 2 > std/x86/gen/.control/.failcount",
      upload: ForgedUpload(
        control: ["std/x86/gen/.control/version/stage3": "2016-01-01\n"],
        cleared: ["std/x86/gen/.control/.failcount"]),
      messages: ["/std/x86/gen: already exists and has no owner"]),
    HostileUploadCase(
      testDescription: "a subarch that is not in its list",
      configuration: "[section receive/one]\nsubarches: std/x86/honest std/arm/*",
      upload: ForgedUpload(files: next), messages: ["/std/x86/gen: is not listed for one"]),
    HostileUploadCase(
      testDescription: "any upload of an unlisted server if others are listed",
      configuration: "[section receive/two]\nsubarches: std/x86/gen", upload: ForgedUpload(files: next),
      messages: ["/std/x86/gen: is not listed for one", "/std/x86/honest: is not listed for one"],
      takesHonest: false),
    HostileUploadCase(
      testDescription: "an owner of its own making",
      upload: ForgedUpload(files: next, control: ["std/x86/gen/.control/server": "one\n"]),
      messages: [".control/server, which is not an allowed control file"], takesHonest: false),
    HostileUploadCase(
      testDescription: "a strategy of its own making", preparation: owned,
      upload: ForgedUpload(control: ["std/x86/gen/.control/strategy/build": "remote\n"]),
      messages: ["which is not an allowed control file"], takesHonest: false),
  ]

  static let files = [
    HostileUploadCase(
      testDescription: "a build in the place of the image streams",
      upload: ForgedUpload(files: ForgedUpload.version("streams/v1/gen/2016-01-01")),
      messages: ["streams/v1/gen/2016-01-01/", "which is not a file of a subarch or snapshot"],
      takesHonest: false),
    HostileUploadCase(
      testDescription: "a released tarball with other content, and its sidecars",
      preparation: "\(owned); \(built)",
      upload: ForgedUpload(
        files: ForgedUpload.version("std/x86/gen/2016-01-01", "trojan").merging([
          "std/x86/gen/2016-01-01/stage3-gen-std-2016-01-01.tar.xz.hash.txt": "sha256 \(trojan)\n"
        ]) { $1 }),
      messages: ["stage3-gen-std-2016-01-01.tar.xz: one uploaded different content for this file"]),
    HostileUploadCase(
      testDescription: "a version dated in the future", preparation: owned,
      upload: ForgedUpload(
        files: ForgedUpload.version("std/x86/gen/2099-01-01").merging(
          ForgedUpload.version("std/x86/gen/\(future)")
        ) { $1 }),
      messages: ["/std/x86/gen/2099-01-01: is dated in the future", "/std/x86/gen/\(future): is dated"]),
    HostileUploadCase(
      testDescription: "a version without a date", preparation: owned,
      upload: ForgedUpload(files: ForgedUpload.version("std/x86/gen/latest")),
      messages: ["/std/x86/gen/latest: is not a version"]),
    HostileUploadCase(
      testDescription: "pages and scripts in a version", preparation: owned,
      upload: ForgedUpload(files: next).adding([
        "std/x86/gen/2016-01-02/index.html": "<script>", "std/x86/gen/2016-01-02/log/x.html": "<script>",
        "std/x86/gen/2016-01-02/more/stage3-gen-std-2016-01-02.tar.xz": "x",
        "std/x86/gen/2016-01-02/stage3-other-std-2016-01-02.tar.xz": "x",
        "std/x86/gen/2016-01-02/stage3-gen-std-2016-01-03.tar.xz": "x",
        "\(tarball).meta4": "<metalink/>", "std/snapshots/index.html": "<script>",
      ]),
      messages: [
        "2016-01-02/index.html: is not", "log/x.html: is not",
        "more/stage3-gen-std-2016-01-02.tar.xz: is not",
        "stage3-other-std-2016-01-02.tar.xz: is not", "stage3-gen-std-2016-01-03.tar.xz: is not",
        ".meta4: is not", "snapshots/index.html: is not",
      ], received: rest),
    HostileUploadCase(
      testDescription: "a page of the subarch",
      upload: ForgedUpload(files: ["std/x86/gen/index.html": "<script>"]),
      messages: ["std/x86/gen/index.html, which is not in a version"], takesHonest: false),
    HostileUploadCase(
      testDescription: "binary packages", preparation: owned,
      upload: ForgedUpload(
        files: next, links: ["std/binpackages/gen/Packages": "../../x86/gen/2016-01-02/status"]
      ).adding([
        "binpackages/Packages": "PACKAGES: 1", "std/x86/binpackages/gen/app-misc/x/x-1-1.gpkg.tar": "x",
        "std/x86/binpackages/gen/stage3-gen-std-2016-01-02.tar.xz": "x",
      ]),
      messages: [
        "std/binpackages/gen/Packages: is in a tree of binary packages: not received from one",
        "/binpackages/Packages: is in", "gen/app-misc/x/x-1-1.gpkg.tar: is in",
        "binpackages/gen/stage3-gen-std-2016-01-02.tar.xz: is in",
      ], received: rest),
    HostileUploadCase(
      testDescription: "binary packages outside of the mirror",
      upload: ForgedUpload(files: next, links: ["std/binpackages/../../x": "std/x86/gen"]),
      messages: ["std/binpackages/../../x, which is not a file"], takesHonest: false),
    HostileUploadCase(
      testDescription: "digests of other contents", preparation: owned,
      upload: ForgedUpload(files: next).adding([
        "\(tarball).hash.txt": "sha256 \(trojan)\n",
        "\(tarball).DIGESTS":
          "# SHA512 HASH\n\(String(repeating: "0", count: 128))  stage3-gen-std-2016-01-02.tar.xz\n",
        "std/x86/gen/2016-01-02/SHA256SUMS": "\(trojan)  stage3-gen-std-2016-01-02.tar.xz\n",
      ]),
      messages: [
        ".tar.xz.hash.txt: does not match", ".tar.xz.DIGESTS: does not match", "SHA256SUMS: does not match",
      ], received: rest),
    HostileUploadCase(
      testDescription: "documents of other tarballs, or of none", preparation: owned,
      upload: ForgedUpload(files: next).adding([
        "\(tarball).provenance.json": statement("stage3-gen-std-2016-01-02.tar.xz", trojan),
        "\(tarball).spdx.json": "{}", "\(tarball).cdx.json": "not JSON",
        "std/x86/gen/2016-01-02/gnome-gen-std-2016-01-02.tar.xz.provenance.json": statement(
          "gnome-gen-std-2016-01-02.tar.xz", stage),
      ]),
      messages: [
        ".tar.xz.provenance.json: does not match", ".tar.xz.spdx.json: does not match",
        ".tar.xz.cdx.json: does not match",
        "gnome-gen-std-2016-01-02.tar.xz.provenance.json: describes a tarball",
      ], received: rest),
    HostileUploadCase(
      testDescription: "pages beside the provenance of a tarball", preparation: owned,
      upload: ForgedUpload(files: next).adding([
        "\(tarball).provenance.json": statement("stage3-gen-std-2016-01-02.tar.xz", stage),
        "std/x86/gen/2016-01-02/index.html": "<script>",
      ]),
      messages: ["2016-01-02/index.html: is not"], received: rest + ["\(tarball).provenance.json"]),
    HostileUploadCase(
      testDescription: "digests of nothing, and a text with more than a digest", preparation: owned,
      upload: ForgedUpload(files: next).adding([
        "std/x86/gen/2016-01-02/gnome-gen-std-2016-01-02.tar.xz.hash.txt": "sha256 \(trojan)\n",
        "\(tarball).hash.txt": "sha256 \(stage)\nsha256 \(trojan)\n",
      ]),
      messages: ["gnome-gen-std-2016-01-02.tar.xz.hash.txt: ", ".tar.xz.hash.txt: does not match"],
      received: rest),
    HostileUploadCase(
      testDescription: "signatures that cannot be checked", preparation: owned,
      upload: ForgedUpload(files: next).adding(["\(tarball).gpg": "junk", "\(tarball).asc": "junk"]),
      messages: ["signatures from one are not received"], received: rest),
    HostileUploadCase(
      testDescription: "links in place of files", preparation: owned,
      upload: ForgedUpload(
        files: next,
        links: [
          "\(tarball).hash.txt": "status", "std/x86/gen/2016-01-02/SHA256SUMS": "status",
          "std/x86/gen/stage3-latest.tar.xz.gpg": "2016-01-02/status",
          "std/x86/gen/stage3-gen-std-2016-01-03.tar.xz": "2016-01-02/stage3-gen-std-2016-01-02.tar.xz",
          "std/x86/gen/2016-01-03": "2016-01-02",
          "std/x86/gen/openvz-latest.tar.xz":
            "../../x86/honest/2016-01-01/stage3-honest-std-2016-01-01.tar.xz",
        ]),
      messages: [
        ".tar.xz.hash.txt: is not a link", "SHA256SUMS: is not a link", "latest.tar.xz.gpg: is not a link",
        "stage3-gen-std-2016-01-03.tar.xz: is not a link", "/2016-01-03: is not a link",
        "openvz-latest.tar.xz: is not a link",
      ], received: rest),
    HostileUploadCase(
      testDescription: "control files with false contents", preparation: owned,
      upload: ForgedUpload(
        files: next,
        control: [
          "std/x86/gen/.control/version/stage3": "2016-01-03\n",
          "std/x86/gen/.control/version/stage1": "2016-01-02\n../../../etc\n",
          "std/x86/gen/.control/version/stage2": "latest", "std/x86/gen/.control/.failcount": "many\n",
        ]),
      messages: [
        "version/stage3: refers to version 2016-01-03, which", "version/stage1: does not contain a date",
        "version/stage2: does not contain a date", ".failcount: is not a failure count",
      ], received: rest),
  ]

  static let snapshots = [
    HostileUploadCase(
      testDescription: "a snapshot dated in the future, and the link to it", preparation: owned,
      upload: ForgedUpload(
        files: ["std/snapshots/portage-9999-12-31.tar.xz": "tree"],
        links: ["std/snapshots/portage-latest.tar.xz": "portage-9999-12-31.tar.xz"]),
      messages: ["portage-9999-12-31.tar.xz: is dated in the future"]),
    HostileUploadCase(
      testDescription: "a snapshot of a build in which the master builds",
      preparation:
        "\(owned); mkdir -p std/arm/v7/.control/strategy; echo local > std/arm/v7/.control/strategy/build",
      upload: ForgedUpload(
        files: ["std/snapshots/portage-2016-01-02.tar.xz": "tree"],
        links: ["std/snapshots/portage-latest.tar.xz": "portage-2016-01-02.tar.xz"]),
      messages: ["/std/snapshots: "]),
    HostileUploadCase(
      testDescription: "a snapshot of a build of which the server builds nothing",
      preparation: "mkdir -p other/arm/v7/.control; echo two > other/arm/v7/.control/server",
      upload: ForgedUpload(files: ["other/snapshots/portage-2016-01-02.tar.xz": "tree"]),
      messages: ["/other/snapshots: "]),
    HostileUploadCase(
      testDescription: "a snapshot that is not in its list", preparation: owned,
      configuration: "[section receive/one]\nsnapshots: other",
      upload: ForgedUpload(files: ["std/snapshots/portage-2016-01-02.tar.xz": "tree"]),
      messages: ["/std/snapshots: "]),
    HostileUploadCase(
      testDescription: "another snapshot with an existing name, and its digest",
      preparation:
        "\(owned); mkdir std/snapshots; echo theirs | xz > std/snapshots/portage-2016-01-02.tar.xz",
      upload: ForgedUpload(
        files: [
          "std/snapshots/portage-2016-01-02.tar.xz": "tree",
          "std/snapshots/portage-2016-01-02.tar.xz.hash.txt": "sha256 \(tree)\n",
        ]),
      messages: ["portage-2016-01-02.tar.xz: a different file of that name exists here"]),
    HostileUploadCase(
      testDescription: "a snapshot link to another target",
      preparation:
        "\(owned); mkdir std/snapshots; echo theirs | xz > std/snapshots/portage-2016-01-02.tar.xz",
      upload: ForgedUpload(
        links: [
          "std/snapshots/meta-latest.tar.xz": "portage-2016-01-02.tar.xz",
          "std/snapshots/portage-2016-01-09.tar.xz": "portage-2016-01-02.tar.xz",
        ]),
      messages: ["meta-latest.tar.xz: is not a link", "portage-2016-01-09.tar.xz: is not a link"]),
  ]

  private static let trojan = digest("trojan")
  private static let stage = digest("stage")
  private static let tree = digest("tree")
  private static func digest(_ text: String) -> String { (try? ForgedUpload.sha256(text)) ?? "" }
}
