import Foundation
import SystemPackage
import TestSupport
import Testing

/// A build server in a temporary directory: a configuration, a busybox seed, a package tree and an empty mirror.
struct BuildSite {
  /// Whether builds are possible here: by root, or in a user namespace.
  static let isPossible = (try? Tool.run(Program.path.string, "doctor", "--quiet").status) == 0
  static let reason: Comment = "`mirrorctl doctor` says that nothing can be built here"

  let workspace: Workspace
  /// `BUILD ARCH SUBARCH` of the tests.
  static let subarch = ["std", "x86-64bit", "gen"]

  /// - Parameter steps: FlexData added to the configuration.
  init(_ steps: String = "", isPrepared: Bool = true) throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      : > mirror/.mirrorctl.mirror
      mkdir -p seed/bin seed/etc seed/tmp seed/dev seed/root seed/usr/bin tree/app-misc/x tree/profiles tree/.git
      cp "$(command -v busybox)" seed/bin/busybox
      for a in sh ls cat echo mkdir rm cp mv sleep touch ln env hostname chmod ps id; do
        ln -s busybox seed/bin/$a; done
      echo 'root:x:0:0:root:/root:/bin/sh' > seed/etc/passwd
      echo 'EAPI=8' > tree/app-misc/x/x-1.ebuild; echo std > tree/profiles/repo_name; echo secret > tree/.git/config
      tar --numeric-owner --owner=0 --group=0 -C seed -cJf stage3-gen-2026-11-01.tar.xz .
      """)
    try write("conf", Self.configuration(workspace.path) + steps)
    if isPrepared { try prepare() }
  }

  /// Makes the seed the subarch's own stage3.
  func prepare() throws {
    _ = try succeed(
      ["init"] + Self.subarch + ["--local", workspace.path.appending("stage3-gen-2026-11-01.tar.xz").string])
  }

  /// Writes a file of the site.
  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: workspace.path.appending(name).string))
  }

  /// A file of the subarch, or of the mirror if its path begins with `/`; nil if there is none.
  func text(_ name: String) -> String? {
    let path = name.hasPrefix("/") ? workspace.mirror.string + name : "\(subarchPath)/\(name)"
    return (try? Data(contentsOf: URL(fileURLWithPath: path))).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The subarch's directory.
  var subarchPath: FilePath { workspace.mirror.appending(Self.subarch.joined(separator: "/")) }

  /// The command line of a build by root.
  func command(_ arguments: [String]) -> [String] {
    let config = "MIRRORCTL_CONFIG=\(workspace.path.appending("conf"))"
    return ["env", config, Program.path.string] + arguments
  }

  /// Runs a verb and waits for it.
  func run(_ arguments: [String]) throws -> Outcome { try workspace.run(command(arguments)) }

  /// Builds the subarch.
  func build(_ arguments: String...) throws -> Outcome { try run(["build"] + Self.subarch + arguments) }

  /// Runs a verb that must succeed.
  @discardableResult
  func succeed(_ arguments: [String]) throws -> Outcome {
    let outcome = try run(arguments)
    guard outcome.status == 0 else { throw Failure(message: outcome.errorText + outcome.text) }
    return outcome
  }

  /// The output of a verb that failed although it must succeed.
  struct Failure: Error { let message: String }

  /// The names in a tarball of the mirror, as GNU tar lists them.
  func listing(_ tarball: String) throws -> [String] {
    try workspace.run(["tar", "-tf", subarchPath.appending(tarball).string]).text.split(separator: "\n").map(
      String.init)
  }

  /// A file in a tarball of the mirror.
  func file(_ name: String, in tarball: String) throws -> String {
    try workspace.run(["tar", "-xOf", subarchPath.appending(tarball).string, name]).text
  }

  private static func configuration(_ path: FilePath) -> String {
    """
    [section path]
    tmp: \(path)/tmp
    install: \(path)
    work: $[path/tmp]/work/$[target/build]/$[target/name]
    chroot: $[path/work]
    chroot/stage: $[path/work]$[portage/ROOT]
    cache/git: $[path/tmp]/git
    cache/package: $[path/tmp]/packages
    [section portage]
    ROOT: /
    [section path/mirror]
    : \(path)/mirror
    subarch: $[:]/$[target/build]/$[target/arch_desc]/$[target/subarch]
    snapshot: $[]/$[target/build]/snapshots/portage-$[target/version].tar.$[target/compression]
    link: $[]/$[target/build]/snapshots/portage-latest.tar.$[target/compression]
    target: $[:subarch]/$[target/version]/$[target/name].tar.$[target/compression]
    target/control: $[:subarch]/.control
    [section target]
    compression: xz
    [section capture]
    level: 1
    [section multi]
    targets: snapshot stage1 stage3
    [section snapshot]
    destination: /var/db/repos/gentoo
    [section snapshot when target is snapshot]
    source/type: local
    source/remote: \(path)/tree
    [section target when target is snapshot]
    name: portage-$[:version]
    class: snapshot
    [section target when target is stage1 stage3 openvz]
    name: $[target]-$[:subarch]-$[:build]-$[:version]
    class: stage
    [section target when target is stage1 stage3]
    control/version: $[target]
    [section target when target is openvz]
    control/version: stage4/openvz
    [section path/mirror when target is stage3]
    target/link: $[:subarch]/stage3-latest.tar.$[target/compression]
    source: $[:subarch]/$[target/version]/stage1-$[target/subarch]-$[target/build]-$[target/version].tar.xz
    [section path/mirror when target is stage1]
    source: $[:subarch]/$[seed]/stage3-$[target/subarch]-$[target/build]-$[seed].tar.xz
    [section path/mirror when target is openvz]
    source: $[:subarch]/$[seed]/stage3-$[target/subarch]-$[target/build]-$[seed].tar.xz
    target/link: $[:subarch]/openvz-latest.tar.$[target/compression]
    target/auxlink: $[]/$[target/build]/openvz/openvz-$[target/subarch]-latest.tar.$[target/compression]
    target/auxlink/enable: openvz
    [section seed]
    : << $[path/mirror/target/control]/version/stage3

    """
  }
}
