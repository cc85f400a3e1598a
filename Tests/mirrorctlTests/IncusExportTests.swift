import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("export to Incus and LXD", .enabled(if: Tool.exists("tar2sqfs")))
struct IncusExportTests {
  private let workspace: Workspace
  private static let epoch = "1479384000"

  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      mkdir -p root/bin root/etc root/tmp
      cp "$(command -v busybox)" root/bin/busybox; ln -s busybox root/bin/sh; ln root/bin/busybox root/bin/second
      echo 'NAME=Tiny' > root/etc/os-release; chmod 640 root/etc/os-release; chown 7:8 root/etc/os-release
      chmod 1777 root/tmp; setcap cap_net_raw+ep root/bin/busybox
      find root -exec touch -hd 2016-11-10T10:00:00Z {} +
      tar --xattrs --xattrs-include='*' -C root -cJf stage3.tar.xz .
      """)
  }

  @discardableResult
  private func export(_ arguments: [String], umask: String = "022", zone: String = "UTC") throws -> Outcome {
    let outcome = try workspace.run(
      [
        "env", "TZ=\(zone)", "sh", "-c", "cd '\(workspace.path)'; umask \(umask); exec \"$@\"", "sh",
        Program.path.string, "export", "--epoch", Self.epoch,
      ] + arguments)
    try #require(outcome.status == 0, "\(outcome.errorText)")
    return outcome
  }

  /// Names, kinds, modes, owners, times, links, capabilities and contents of the files in a directory.
  private func listing(_ directory: String) throws -> String {
    try workspace.shell(
      """
      cd \(directory); find . -printf '%p %y %m %U %G %n %T@ %l\\n' | sort
      find . -type f -exec sha256sum {} + | sort; getfattr -Rhd -m security.capability .
      """
    ).text
  }

  private static let metadata = """
    architecture: 'amd64'
    creation_date: 1479384000
    properties:
      architecture: 'amd64'
      description: 'A tiny image, it''s small: really'
      name: 'tiny'
      os: 'Tiny'
      serial: '20161117'

    """

  private static let settings = [
    "--set", "architecture=amd64", "--set", "property/os=Tiny", "--set",
    "property/description=A tiny image, it's small: really",
  ]

  @Test("an image in one file has the metadata, and every file of the stage below rootfs")
  func unified() throws {
    for source in ["stage3.tar.xz", "root"] {
      try export(
        Self.settings + ["--set", "unified=yes", source, "tiny.incus.tar.xz"],
        umask: source == "root" ? "077" : "022",
        zone: source == "root" ? "Asia/Tokyo" : "UTC")
      try workspace.shell(
        """
        rm -rf got; mkdir -p got; tar --xattrs --xattrs-include='*' -C got -xJpf tiny.incus.tar.xz
        mkdir -p expected; tar --xattrs --xattrs-include='*' -C expected -xJpf stage3.tar.xz
        mv tiny.incus.tar.xz \(source).incus.tar.xz
        """)
      #expect(try workspace.shell("cat got/metadata.yaml").text == Self.metadata)
      #expect(try listing("got/rootfs") == listing("expected"))
      #expect(try workspace.shell("ls -A got").text == "metadata.yaml\nrootfs\n")
    }
    try workspace.shell("cmp stage3.tar.xz.incus.tar.xz root.incus.tar.xz; ls -A | grep export || :")
  }

  @Test("a split image is listed for clients with its combined digests, and they download it")
  func split() throws {
    let place = "mirror/std/x86-64bit/gen/2016-11-17"
    try workspace.shell(
      "mkdir -p \(place); echo ok > \(place)/status")
    for (name, umask, zone) in [("incus", "022", "UTC"), ("cloud", "077", "Asia/Tokyo")] {
      let image = "\(place)/\(name)-gen-std-2016-11-17"
      let settings = Self.settings + ["--set", "property/name=tiny", "--set", "squashfs/compression=gz"]
      try export(
        settings + ["-j", umask == "022" ? "1" : "3", "stage3.tar.xz", "\(image).incus.tar.xz"], umask: umask,
        zone: zone)
      #expect(try workspace.shell("tar -xJOf \(image).incus.tar.xz metadata.yaml").text == Self.metadata)
      #expect(try workspace.shell("tar -tJf \(image).incus.tar.xz").text == "metadata.yaml\n")
      #expect(
        try workspace.shell("sqfs2tar \(image).squashfs | tar -xOf - etc/os-release").text == "NAME=Tiny\n")
    }
    // Both have the same bytes, and clients refuse two images with the same fingerprint.
    try workspace.shell(
      """
      cd \(place); for kind in incus.tar.xz squashfs; do cmp incus-*.$kind cloud-*.$kind; done
      ls -A | grep -c export || :; rm cloud-*
      """)
    try export(Self.settings + ["root", "\(place)/cloud-gen-std-2016-11-17.incus.tar.xz"])
    let mirror = OfferedImages(workspace: workspace)
    try mirror.publish()
    let images = try mirror.items()
    #expect(images.keys.sorted() == ["std:x86-64bit:gen", "std:x86-64bit:gen:cloud"])
    for (product, variant) in [("std:x86-64bit:gen", "incus"), ("std:x86-64bit:gen:cloud", "cloud")] {
      let items = try #require(images[product])
      #expect(items.keys.sorted() == ["incus.tar.xz", "lxd.tar.xz", "root.squashfs"])
      let sum = try workspace.shell("cd \(place); cat \(variant)-*.tar.xz \(variant)-*.squashfs | sha256sum")
        .text
      for kind in ["incus.tar.xz", "lxd.tar.xz"] {
        #expect(items[kind]?["combined_squashfs_sha256"] as? String == String(sum.prefix(64)))
      }
      let path = try #require(items["root.squashfs"]?["path"] as? String)
      #expect(path.hasSuffix("/\(variant)-gen-std-2016-11-17.squashfs"))
    }
    try mirror.download(["std/gen/amd64": "incus", "std/gen/cloud/amd64": "cloud"], from: place)
  }

  @Test("wrong properties are refused")
  func refused() throws {
    for (setting, message) in [
      ("squashfs/compresion=xz", "did you mean compression?"),
      ("disk=yes", "has no kernel"),
      ("unified=maybe", "`maybe` is neither yes nor no"),
      ("architecture=alpha", "has no name in images for Incus"),
    ] {
      let outcome = try workspace.run(
        [Program.path.string, "export", "--set", setting, "\(workspace.path)/stage3.tar.xz"]
          + ["\(workspace.path)/x.incus.tar.xz"])
      #expect(outcome.status != 0 && outcome.errorText.contains(message), "\(outcome.errorText)")
      #expect(try workspace.shell("ls -A | grep '^[.x]*x[.]' || :").text == "")
    }
  }
}

/// A mirror whose images clients of LXD and Incus list.
private struct OfferedImages {
  let workspace: Workspace

  /// Writes digests and the list.
  func publish() throws {
    try workspace.shell("'\(Program.path)' digestgen -q --mirror mirror")
    try workspace.shell("'\(Program.path)' index -q --format xml,simplestreams --mirror mirror")
  }

  /// The items of the only version of each product.
  func items() throws -> [String: [String: [String: Any]]] {
    let text = try String(contentsOfFile: "\(workspace.mirror)/streams/v1/images.json", encoding: .utf8)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let products = try #require(object["products"] as? [String: [String: Any]])
    return try products.mapValues { product in
      let versions = try #require(product["versions"] as? [String: [String: [String: [String: Any]]]])
      return try #require(versions["20161117"]?["items"])
    }
  }

  /// Downloads images by their aliases with lxc, where it is installed, which checks their digests.
  ///
  /// - Parameter images: variants by aliases.
  func download(_ images: [String: String], from place: String) throws {
    guard Tool.exists("lxc") else { return }
    try workspace.shell(
      """
      mkdir tls lxc
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls/key.pem -out tls/cert.pem \
        -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2> errors
      """)
    let server = try WebServer(
      workspace.mirror, in: workspace.path.appending("server"), certificate: workspace.path.appending("tls"))
    defer { server.stop() }
    func lxc(_ arguments: String...) throws {
      let outcome = try workspace.run(
        ["env", "LXD_CONF=\(workspace.path)/lxc", "SSL_CERT_FILE=\(workspace.path)/tls/cert.pem", "lxc"]
          + arguments)
      try #require(outcome.status == 0, "\(arguments): \(outcome.errorText)")
    }
    try lxc("remote", "add", "m", server.address, "--protocol", "simplestreams")
    for (alias, variant) in images {
      try workspace.shell("mkdir got-\(variant)")
      try lxc("image", "export", "m:\(alias)", "\(workspace.path)/got-\(variant)")
      try workspace.shell(
        """
        cat \(place)/\(variant)-*.squashfs | sha256sum > sums; cat \(place)/\(variant)-*.xz | sha256sum >> sums
        sort sums > expected; for file in got-\(variant)/*; do sha256sum < $file; done | sort | diff expected -
        """)
    }
  }
}
