import SystemPackage
import TestSupport
import Testing

@testable import MirrorTools

@Suite("--version") struct VersionTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test("with -v prints the versions of the libraries that pkg-config knows")
  func libraries() throws {
    for arguments in [["-v", "--version"], ["--version", "--verbose"]] {
      let outcome = try workspace.run([Program.path.string] + arguments)
      var lines = outcome.text.split(separator: "\n").map(String.init)
      #expect(outcome.status == 0 && outcome.errorText.isEmpty)
      #expect(lines.prefix(2) == ["mirrorctl \(ToolVersion.text)", "commit unknown"])
      lines.removeFirst(2)
      let packages = [
        "libarchive": "libarchive", "libcrypto": "libcrypto", "libdeflate": "libdeflate",
        "liblzma": "liblzma",
        "libseccomp": "libseccomp", "libxml2": "libxml-2.0", "libzstd": "libzstd", "sqlite": "sqlite3",
        "zlib": "zlib",
      ]
      for (library, package) in packages {
        let version = try workspace.shell("printf %s $(pkg-config --modversion \(package))").text
        #expect(lines.contains("\(library) \(version)"), "\(lines)")
      }
      let others = lines.filter { line in !packages.keys.contains { line.hasPrefix("\($0) ") } }
      #expect(others.map { $0.prefix { $0 != " " } } == ["swift", "glibc"])
    }
  }

  @Test(
    "gets the commit of a checkout, of a changed one, and of a release tarball; of other sources it gets none"
  )
  func commit() throws {
    let scripts = "\(Checkout.path)/scripts/commit"
    try workspace.shell(
      """
      mkdir -p source/scripts; cp \(scripts) source/scripts; cp \(Checkout.path)/.gitattributes source
      cd source; git init -q; git add .
      git -c user.name=a -c user.email=a@example.org commit -qm one
      mkdir ../release; git archive HEAD | tar -C ../release -xf -
      mkdir ../plain; cp -r scripts ../plain
      """)
    func commit(_ directory: String) throws -> String {
      try workspace.shell("\(directory)/scripts/commit").text
    }
    let head = try workspace.shell("git -C source rev-parse HEAD").text.prefix(12)
    #expect(try commit("source") == "\(head)\n")
    #expect(try commit("release") == "\(head)\n")
    #expect(try commit("plain") == "")
    try workspace.shell("echo >> source/.gitattributes")
    #expect(try commit("source") == "\(head)-dirty\n")
  }
}
