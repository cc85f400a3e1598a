import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("keys rotate and keys revoke in Gentoo's layout")
struct GentooKeyTests {
  private let mirror: GentooMirror
  private let new: String
  private var workspace: Workspace { mirror.workspace }
  private var old: String { mirror.key }
  private static let signed = "-name '*.asc' -o -name '*.sha256' -o -name '*.DIGESTS' -o -name 'latest-*.txt'"

  init() throws {
    mirror = try GentooMirror()
    new = try SignedMirror.makeSuccessor(in: mirror.workspace)
    try mirror.shell("rm -r 20200108T170303Z 20200115T170303Z")
    try workspace.shell("mkdir there; touch mirror/.mirrorctl.mirror")
    try configure(key: old)
    for verb in [["digestgen"], ["index"], ["keys", "export"], ["publish"]] {
      let run = try workspace.run(workspace.command(verb))
      try #require(run.status == 0, "\(run.errorText)")
    }
  }

  private func configure(key: String, previous: String = "") throws {
    let text = """
      [section mirror]
      layout: gentoo
      [section signing]
      key: \(key)
      previous: \(previous)
      homedir: \(workspace.path)/g
      [section publish/there]
      to: \(workspace.path)/there
      as: master
      """
    try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: "\(workspace.path)/.metro"))
  }

  /// The keys that made all signatures in a directory, each with how many.
  private func signers(in root: String) throws -> [String: Int] {
    let text = try workspace.shell(
      """
      cd \(root); gpg --batch --homedir ../g --export > ../all.gpg
      for file in $(find . -type f ! -path '*/.*' ! -name 'signing-key*' \\( \(Self.signed) \\)); do
        case $file in *.asc) content=${file%.asc} ;; *) content= ;; esac
        gpgv --status-fd 1 --keyring ../all.gpg $file $content 2> /dev/null | grep VALIDSIG || echo "x x $file"
      done | awk '{ print $3 }'
      """
    ).text
    return text.split(separator: "\n").reduce(into: [:]) { $0[String($1), default: 0] += 1 }
  }

  /// Starts a downloader that checks all signatures in both directories with the keys that are published there
  /// then, again and again, until `stop` exists.
  private func download() throws -> RunningProgram {
    try workspace.shell("mkdir -p down")
    return try workspace.start([
      "sh", "-c",
      """
      cd \(workspace.path); count=0
      while [ ! -e stop ]; do
        for file in $(find mirror there -type f ! -path '*/.*' ! -name 'signing-key*' \\( \(Self.signed) \\)); do
          case $file in *.asc) content=${file%.asc} ;; *) content= ;; esac
          cp $file down/signature 2> /dev/null || continue
          gpg --dearmor < ${file%%/*}/signing-key.asc > down/keys.gpg 2> /dev/null
          gpgv --keyring ./down/keys.gpg down/signature $content > down/log 2>&1 || { echo $file; cat down/log; }
        done
        count=$((count + 1)); echo $count > rounds
      done
      """,
    ])
  }

  /// What the downloader found until it had checked everything once more.
  private func end(_ downloader: RunningProgram) throws -> String {
    let rounds = { [workspace] in
      (try? workspace.shell("cat rounds").text).flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
    let now = rounds()
    while downloader.isRunning, rounds() < now + 2 { usleep(20_000) }
    try workspace.shell("touch stop")
    return try downloader.wait().text
  }

  @Test(
    "sign lists, digests and tarballs anew, in place, while downloaders always find a key that verifies them",
    arguments: ["rotate", "revoke"])
  func change(_ verb: String) throws {
    let roots = ["mirror", "there"]
    let count = try signers(in: "mirror")[old] ?? 0
    #expect(count > 20)
    #expect(try signers(in: "there") == [old: count])
    try configure(key: new, previous: old)
    let downloader = try download()
    let certificate = "\(workspace.path)/g/openpgp-revocs.d/\(old).rev"
    let run = try workspace.run(
      workspace.command(
        ["keys", verb] + (verb == "revoke" ? [old, "--certificate", certificate] : [])))
    let seen = try end(downloader)
    #expect(run.status == 0, "\(run.text)\(run.errorText)")
    #expect(seen == "")
    for root in roots {
      #expect(try signers(in: root) == [new: count], "\(root)")
      try mirror.install("stage3-amd64-openrc", from: root, keys: "\(root)/signing-key.asc")
      #expect(try workspace.shell("cat \(root)/signing-key.txt").text.contains(old))
    }
    let other = try workspace.shell("find mirror there -name '*.gpg' ! -path '*/.*'").text
    #expect(other == "")
    for verb in ["digestgen", "index", "publish"] { #expect(try mirror.succeed(verb).text == "", "\(verb)") }
    #expect(try mirror.succeed("verify").errorText == "")
  }
}
