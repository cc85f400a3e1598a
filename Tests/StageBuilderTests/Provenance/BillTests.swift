import Foundation
import LinuxSystem
import MirrorModel
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("Bills of materials") struct BillTests {
  private static let epoch: Int64 = 1_795_305_600
  private static let digest = String(repeating: "ab", count: 32)

  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  /// A root as Portage leaves it: one package with everything, its dependencies, two slots of a library, a package tree.
  private func makePortageRoot() throws {
    try workspace.shell(
      #"""
      add() { mkdir -p "root/var/db/pkg/$1"; echo "${1%%/*}" > "root/var/db/pkg/$1/CATEGORY"; echo "$2" > "root/var/db/pkg/$1/SLOT"; }
      put() { printf '%s\n' "$3" > "root/var/db/pkg/$1/$2"; }
      add app-misc/hello-2.12-r1 0; add sys-libs/glibc-2.40 2.2; add dev-lang/python-3.12.1 3.12/3.12
      add dev-lang/python-3.13.0 3.13/3.13; add virtual/editor-0 0
      put app-misc/hello-2.12-r1 USE 'nls amd64'
      put app-misc/hello-2.12-r1 LICENSE 'GPL-3+ nls? ( || ( MIT public-domain ) ) static? ( secret )'
      put app-misc/hello-2.12-r1 DESCRIPTION 'Prints a "greeting" <b>'
      put app-misc/hello-2.12-r1 HOMEPAGE 'https://www.gnu.org/software/hello/ https://example.org'
      put app-misc/hello-2.12-r1 KEYWORDS '~amd64 arm64'
      put app-misc/hello-2.12-r1 repository gentoo
      put app-misc/hello-2.12-r1 RDEPEND '>=sys-libs/glibc-2.38:2.2= || ( virtual/editor app-misc/none ) !!<app-misc/hello-1 nls? ( dev-lang/python:3.13[ssl(+)] )'
      put app-misc/hello-2.12-r1 BDEPEND '=dev-lang/python-3.12*:3.12'
      put sys-libs/glibc-2.40 LICENSE 'LGPL-2.1+ BSD HPND'
      put dev-lang/python-3.12.1 HOMEPAGE 'javascript:alert(1)'
      # What Portage is merging, and what is not a package.
      mkdir -p root/var/db/pkg/app-misc/-MERGING-x-1 root/var/db/pkg/app-misc/noversion; ln -s /etc root/var/db/pkg/evil
      repo=root/var/db/repos/gentoo; mkdir -p $repo/profiles $repo/metadata/md5-cache/app-misc $repo/app-misc/hello
      echo gentoo > $repo/profiles/repo_name
      echo 'SRC_URI=mirror://gnu/hello/hello-2.12.tar.gz nls? ( https://example.org/l10n.tgz -> hello-l10n.tgz ) static? ( https://example.org/no.tgz )' \
        > $repo/metadata/md5-cache/app-misc/hello-2.12-r1
      for f in hello-2.12.tar.gz hello-l10n.tgz; do
        echo "DIST $f 10 BLAKE2B $(printf %s $f | b2sum | cut -c-128) SHA512 $(printf %s $f | sha512sum | cut -c-128)"
      done > $repo/app-misc/hello/Manifest
      """#)
  }

  private func inventory() throws -> PackageInventory {
    try PackageInventory.read(
      try AnchoredDirectory(root: workspace.path.appending("root")), tree: ["var/db/repos/gentoo"])
  }

  private func bill(_ name: String) throws -> BillOfMaterials {
    BillOfMaterials(
      inventory: try inventory(), subject: (name, Self.digest), epoch: Self.epoch, tool: ("mirrorctl", "0"))
  }

  /// Compares the documents with golden files, and asks the judges.
  private func check(_ name: String, _ golden: String) throws {
    for format in BillOfMaterials.Format.allCases {
      let document = try bill(name).document(format)
      #expect(document == (try bill(name).document(format)), "equal roots have equal documents")
      let file = workspace.path.appending("\(name)\(format.sidecar.rawValue)").string
      try Data(document).write(to: URL(fileURLWithPath: file))
      #expect(try Judges.problems(of: [file], in: workspace) == "")
      try Judges.expect(document, is: "\(golden)\(format.sidecar.rawValue)")
    }
  }

  @Test(
    "of Portage's database have licenses, sources with digests, and dependencies among installed packages")
  func portage() throws {
    try makePortageRoot()
    let packages = try inventory().packages
    #expect(
      packages.map(\.url) == [
        "pkg:ebuild/app-misc/hello@2.12-r1", "pkg:ebuild/dev-lang/python@3.12.1",
        "pkg:ebuild/dev-lang/python@3.13.0", "pkg:ebuild/sys-libs/glibc@2.40", "pkg:ebuild/virtual/editor@0",
      ])
    let hello = try #require(packages.first)
    #expect(
      hello.needs == [
        "dev-lang/python 3.13.0 3.13", "sys-libs/glibc 2.40 2.2", "virtual/editor 0 0",
      ])
    #expect(hello.buildNeeds == ["dev-lang/python 3.12.1 3.12"])
    #expect(hello.sources.map(\.name) == ["hello-2.12.tar.gz", "hello-l10n.tgz"])
    #expect(hello.sources.map(\.url) == [nil, "https://example.org/l10n.tgz"])
    #expect(hello.sources.allSatisfy { $0.sha512?.count == 128 && $0.blake2b?.count == 128 })
    let license = try #require(hello.license.flatMap { LicenseExpression(gentoo: $0) })
    #expect(license.text == "GPL-3.0-or-later AND (MIT OR LicenseRef-Gentoo-public-domain)")
    #expect(license.references == ["LicenseRef-Gentoo-public-domain": "public-domain"])
    try check("stage3.tar.xz", "portage")
  }

  @Test("say what is not known when the package tree is not in the root")
  func withoutTree() throws {
    try makePortageRoot()
    try workspace.shell("rm -r root/var/db/repos")
    let inventory = try inventory()
    #expect(
      inventory.notes == ["The package tree was not in the root, so digests of source files are not known."])
    #expect(inventory.packages.allSatisfy { $0.sources.isEmpty })
  }

  @Test("of dpkg's database have the packages that are installed")
  func debian() throws {
    try workspace.shell(
      """
      mkdir -p root/var/lib/dpkg; cat > root/var/lib/dpkg/status <<'END'
      Package: libc6
      Status: install ok installed
      Architecture: amd64
      Multi-Arch: same
      Version: 2.36-9+deb12u9
      Description: GNU C Library: Shared libraries
       Contains the standard libraries.
      Homepage: https://www.gnu.org/software/libc/libc.html

      Package: mawk
      Status: install ok installed
      Architecture: amd64
      Version: 1:1.3.4~20200120-3.1
      Provides: awk
      Pre-Depends: libc6 (>= 2.34),
       libnone:any | libother
      Description: Pattern scanning

      Package: base-files
      Status: install ok installed
      Architecture: amd64
      Version: 12.4
      Depends: awk
      Description: Debian base system

      Package: gone
      Status: deinstall ok config-files
      Architecture: amd64
      Version: 1
      END
      """)
    let packages = try inventory().packages
    #expect(
      packages.map(\.url) == [
        "pkg:deb/debian/base-files@12.4?arch=amd64", "pkg:deb/debian/libc6@2.36-9%2Bdeb12u9?arch=amd64",
        "pkg:deb/debian/mawk@1:1.3.4~20200120-3.1?arch=amd64",
      ])
    #expect(packages[0].needs == [packages[2].identity] && packages[2].needs == [packages[1].identity])
    try check("debian.tar.xz", "debian")
  }

  @Test("of a hostile root are still valid documents, and nothing outside of the root is read")
  func hostile() throws {
    try workspace.shell(
      #"""
      mkdir -p outside/x-1 root/var/db/pkg; echo secret > outside/x-1/DESCRIPTION
      ln -s "$PWD/outside" root/var/db/pkg/linked
      p=root/var/db/pkg/app-misc/x-1; mkdir -p "$p"; ln -s "$PWD/outside/x-1/DESCRIPTION" "$p/DESCRIPTION"
      mkfifo "$p/LICENSE"; printf 'a\033[31m\377\0b "\\\n' > "$p/KEYWORDS"; head -c 2000000 /dev/zero > "$p/RDEPEND"
      printf '( ( ( || ( ' > "$p/DEPEND"; echo '0"/}' > "$p/SLOT"; echo 'https://e/"><script>' > "$p/HOMEPAGE"
      for name in 'y#1-1' 'y?1-1' "y'z-1"; do mkdir -p "root/var/db/pkg/app-misc/$name"; echo 'A/B || ( ) C' > "root/var/db/pkg/app-misc/$name/LICENSE"; done
      """#)
    let document = try bill("x.tar.xz").document(.spdx)
    #expect(!String(decoding: document, as: UTF8.self).contains("secret"))
    for format in BillOfMaterials.Format.allCases {
      let file = workspace.path.appending("x.tar.xz\(format.sidecar.rawValue)").string
      try Data(try bill("x.tar.xz").document(format)).write(to: URL(fileURLWithPath: file))
      #expect(try Judges.problems(of: [file], in: workspace) == "")
    }
  }

  @Test(
    "licenses are expressions of SPDX only where the mapping is certain",
    arguments: [
      ("GPL-2", "GPL-2.0-only"), ("|| ( GPL-2+ MIT ) BSD", "(GPL-2.0-or-later OR MIT) AND BSD-3-Clause"),
      ("MIT MIT", "MIT"), ("a+b_c", "LicenseRef-Gentoo-a-or-laterb-c"), ("|| ( MIT )", "MIT"), ("( ", nil),
      ("", nil), (") MIT", nil),
    ] as [(String, String?)])
  func licenses(text: String, expression: String?) {
    #expect(LicenseExpression(gentoo: text)?.text == expression)
  }
}
