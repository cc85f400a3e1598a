import LinuxSystem
import MirrorTools
import SystemPackage

/// `verify` of a source: whether a tree is used only if its publisher signed it.
struct TreeVerification {
  /// nil if nothing is verified.
  private let keys: PinnedKeys?
  /// `snapshot/verify`.
  private let setting: String

  /// Whether unsigned trees are refused.
  var isOn: Bool { keys != nil }

  /// Reads `off`, or the path of a file of public keys, and the fingerprints of those that count.
  ///
  /// - Parameter setting: `snapshot/verify`, or that of an overlay.
  init(_ setting: String, _ settings: BuildSettings, _ cancellation: Cancellation?) throws {
    self.setting = setting
    let words = try settings.words(setting)
    guard words != ["off"], let first = words.first else {
      keys = nil
      return
    }
    guard first.hasPrefix("/") else {
      throw MirrorError(
        .invalid, setting, "`\(first)` is not the path of a file of public keys",
        remedy: "use `off`, or a path that begins with / and optionally fingerprints of keys in the file")
    }
    var pins: Set<Fingerprint> = []
    for word in words.dropFirst() {
      guard let pin = Fingerprint(word) else {
        throw MirrorError(
          .invalid, setting, "`\(word)` is not a fingerprint",
          remedy: "use the 40 or 64 digits printed by gpg --fingerprint, without spaces")
      }
      pins.insert(pin)
    }
    keys = try PinnedKeys(FilePath(first), only: pins, setting: setting, cancellation: cancellation)
  }

  /// Throws unless one of the keys signed a commit.
  ///
  /// - Parameters:
  ///   - object: the commit as git stores it.
  ///   - subject: where it comes from, and its name.
  func check(commit object: [UInt8], _ subject: String) throws(MirrorError) {
    guard let keys else { return }
    guard let signed = SignedCommit(object) else {
      throw refusal(subject, "has no OpenPGP signature, so that it is not used")
    }
    let verdict = try keys.verdict(on: signed.signature, of: signed.payload)
    guard verdict == .valid else { throw refusal(subject, "is not used: its signature \(verdict)") }
  }

  /// Throws unless one of the keys signed the Manifest of a tree, and the tree has exactly the files in it.
  func check(tree: FilePath, _ subject: String, _ cancellation: Cancellation) throws(MirrorError) {
    guard let keys else { return }
    let root = try AnchoredDirectory(root: tree)
    let name = MirrorPath(bytes: TreeManifest.name.bytes)
    guard try root.status(of: TreeManifest.name)?.kind == .regular,
      let text = try root.contents(of: name, limit: TreeManifest.largest)
    else { throw refusal(subject, "has no Manifest of at most \(TreeManifest.largest >> 20) MiB") }
    let (verdict, signed) = try keys.verdict(onSigned: text)
    guard verdict == .valid else {
      throw refusal(subject, "is not used: the signature of its Manifest \(verdict)")
    }
    var check = ManifestCheck(root: Shared(root), subject: subject, cancellation: cancellation)
    do throws(MirrorError) { try check.run(signed) } catch {
      guard error.code == .invalid else { throw error }
      throw refusal(error.subject, error.problem)
    }
  }

  private func refusal(_ subject: String, _ problem: String) -> MirrorError {
    MirrorError(
      .invalid, subject, problem,
      remedy:
        "check the source, and the keys in \(setting); fetch again later if the mirror was being updated")
  }
}

/// A commit of git with an OpenPGP signature, as gpg must see it.
struct SignedCommit {
  let signature: [UInt8]
  /// The object without the signature.
  let payload: [UInt8]

  /// nil if the object has no signature, or several.
  init?(_ object: [UInt8]) {
    let (newline, start, space) = (UInt8(ascii: "\n"), Array("gpgsig ".utf8), UInt8(ascii: " "))
    let other = Array("gpgsig-sha256 ".utf8)
    var (signature, payload): ([UInt8], [UInt8]) = ([], [])
    var (isInSignature, isInOther, count) = (false, false, 0)
    var rest = object[...]
    // Headers end at the first empty line; the message follows.
    while let end = rest.firstIndex(of: newline), end != rest.startIndex {
      let line = rest[...end]
      rest = rest[(end + 1)...]
      let continues = line.first == space
      isInSignature = line.starts(with: start) || continues && isInSignature
      isInOther = line.starts(with: other) || continues && isInOther
      if isInSignature {
        count += continues ? 0 : 1
        signature += line.dropFirst(continues ? 1 : start.count)
      } else if !isInOther {
        payload += line
      }
    }
    guard count == 1 else { return nil }
    self.signature = signature
    self.payload = payload + rest
  }
}
