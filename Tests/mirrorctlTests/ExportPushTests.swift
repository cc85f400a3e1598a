import Foundation
import SystemPackage
import TestSupport
import Testing

/// Images in a container registry on the loopback interface.
@Suite("export to a registry") struct ExportPushTests {
  private let site: ExportSite
  private var workspace: Workspace { site.workspace }

  init() throws { site = try ExportSite() }

  @Test("an image is pushed with the digest that is reported, and only for a user who may do so")
  func pushes() throws {
    let registry = try Registry(in: workspace)
    try workspace.shell(
      """
      printf '{"auths":{"127.0.0.1:\(registry.port)":{"auth":"%s"}}}' "$(printf builder:secret | base64)" > auth.json
      mkdir t
      """)
    let address = "docker://127.0.0.1:\(registry.port)/stages/tiny:2026"
    let settings = ["tls-verify=no", "level=1", "label/note=x"]
    let arguments = ["--json"] + ExportSite.epoch + settings.flatMap { ["--set", $0] } + ["@root", address]
    let variable = ["TMPDIR=\(workspace.path)/t"]
    func push(_ more: [String]) throws -> Outcome { try site.export(more + arguments, variables: variable) }

    let refused = try push([])
    #expect(refused.status == 1)
    #expect(
      refused.text.contains("unauthorized"), "\(refused.text)\(refused.errorText)")
    #expect(try workspace.shell("ls -A t").text == "")

    let outcome = try push(["--set", "authfile=\(workspace.path)/auth.json"])
    #expect(outcome.status == 0, "\(outcome.text)\(outcome.errorText)")
    #expect(try workspace.shell("ls -A t").text == "")
    let report = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
    let file = try #require((report["files"] as? [[String: Any]])?.first)
    #expect(file["path"] as? String == address)
    let digest = try #require((file["digests"] as? [String: String])?["sha256"])
    let inspected = try workspace.shell(
      "skopeo inspect --authfile auth.json --tls-verify=false \(address)"
    ).text
    #expect(inspected.contains("\"Digest\": \"sha256:\(digest)\""), "\(inspected)")
    // Pulled back, it has the files of the stage.
    try workspace.shell(
      """
      skopeo copy --quiet --authfile auth.json --src-tls-verify=false \(address) oci:layout:v1
      umoci raw unpack --image layout:v1 unpacked
      for d in root unpacked; do (cd $d; find . -printf '%p %y %m %U %G %n %T@ %l\\n' | sort) > $d.list; done
      diff root.list unpacked.list
      """)
  }

  @Test("only OCI images can be pushed, and a missing skopeo is named with its packages")
  func refused() throws {
    let wrong = try site.export(["--to", "squashfs", "@root", "docker://127.0.0.1:1/x"])
    #expect(wrong.status == 64)
    #expect(wrong.errorText.contains("only images of format oci"), "\(wrong.errorText)")
    guard ImageHost.mounts else { return }
    // A file system without skopeo.
    let missing = try workspace.run([
      "unshare", "-m", "sh", "-c", "mount --bind /dev/null /usr/bin/skopeo && exec \"$@\"", "sh",
      Program.path.string, "export", "\(workspace.path)/root", "docker://127.0.0.1:1/x",
    ])
    #expect(missing.status == 5)
    #expect(
      missing.errorText.contains(
        "skopeo: is not installed, but images in container registries need it: install skopeo (Debian) or app-containers/skopeo (Gentoo)"
      ), "\(missing.errorText)")
  }
}

/// Debian's container registry; its only user is `builder` with the password `secret`.
private final class Registry {
  let port: Int
  private let program: RunningProgram

  init(in workspace: Workspace) throws {
    port = try Loopback.freePort()
    try workspace.shell(
      """
      printf 'builder:%s\\n' "$(python3 -c 'import crypt; print(crypt.crypt("secret", crypt.mksalt(crypt.METHOD_BLOWFISH)))')" > users
      cat > registry.yml <<END
      version: 0.1
      storage: { filesystem: { rootdirectory: $PWD/registry } }
      http: { addr: "127.0.0.1:\(port)" }
      auth: { htpasswd: { realm: tests, path: $PWD/users } }
      END
      """)
    program = try RunningProgram(
      ["docker-registry", "serve", "\(workspace.path)/registry.yml"], environment: workspace.environment,
      mixing: true)
    for _ in 0..<1000 where program.isRunning {
      if try Tool.run("curl", "-s", "-o", "/dev/null", "http://127.0.0.1:\(port)/v2/").status == 0 { return }
      usleep(20_000)
    }
    throw Workspace.ShellFailure(script: "docker-registry", message: "does not listen")
  }

  deinit { kill(program.pid, SIGKILL) }
}
