import LinuxSystem
import MirrorModel
import SystemPackage

/// The secret key with which Portage signs the packages of a build: `binhost/key`.
///
/// The steps import it and delete the file; it is not part of the stage.
struct PackageSigning {
  private static let file: MirrorPath = "tmp/mirrorctl-signing-key"

  private let key: String
  private let home: String?
  private let cancellation: Cancellation

  /// nil if packages are not signed.
  init?(_ settings: BuildSettings, _ cancellation: Cancellation) throws {
    guard let key = try settings.text("binhost/key"),
      ![nil, "no"].contains(try settings.text("build/binhost"))
    else { return nil }
    self.key = key.filter { $0 != " " }
    home = try settings.text("binhost/homedir") ?? settings.text("signing/homedir")
    self.cancellation = cancellation
  }

  /// Puts the key into the root of a build.
  func place(in root: borrowing AnchoredDirectory, _ confinement: Confinement) throws(MirrorError) {
    let command =
      ["gpg", "--batch", "--no-tty", "--no-options"] + (home.map { ["--homedir", $0] } ?? [])
      + ["--export-secret-keys", key]
    let outcome = try HostProgram.run(
      command, environment: ["LC_ALL": "C"], leads: true, limit: 120, cancellation: cancellation)
    guard outcome.status == 0, !outcome.output.isEmpty else {
      throw MirrorError(
        .invalid, "binhost/key", "gpg cannot export the secret key \(key)",
        remedy: "use a key without a passphrase in binhost/homedir")
    }
    let directory = try root.makePath(Self.file.parent)
    try directory.unlink(Self.file.name)
    let file = try directory.createFile(Self.file.name)
    try attempt("write", directory.displayed(Self.file.name)) { () throws(Errno) in
      try file.write(outcome.output)
      if confinement == .shifted { try file.setOwner(Confinement.firstID, Confinement.firstID) }
    }
  }

  /// Removes the key, if the steps left it.
  static func remove(from root: borrowing AnchoredDirectory) throws(MirrorError) {
    guard let directory = try? root.directory(file.parent) else { return }
    try directory.unlink(file.name)
  }
}
