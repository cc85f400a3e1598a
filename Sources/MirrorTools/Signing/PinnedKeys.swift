import FoundationEssentials
package import LinuxSystem
package import SystemPackage

/// The keys in a file, of which some may be selected by fingerprint: they sign what others publish.
package struct PinnedKeys: Sendable {
  private let keyring: Shared<MemoryFile>
  /// The keys that count, or their primary keys; empty for all in the file.
  private let pins: Set<Fingerprint>
  private let setting: String
  private let cancellation: Cancellation?

  private static let largestFile = 16 << 20

  /// Reads a file of public keys, armoured or not.
  ///
  /// - Parameter setting: the setting that names it, for messages.
  package init(
    _ file: FilePath, only pins: Set<Fingerprint>, setting: String, cancellation: Cancellation? = nil
  ) throws(MirrorError) {
    let bytes = try attempt("read \(escaped(file.bytes))", setting) { () throws(Errno) in
      try Descriptor(reading: file).bytes(upTo: Self.largestFile)
    }
    guard let keys = Self.binary(bytes), !keys.isEmpty else {
      throw MirrorError(
        .invalid, setting, "\(escaped(file.bytes)) contains no OpenPGP keys",
        remedy: "use a file as written by gpg --export")
    }
    keyring = Shared(try MemoryFile(keys, for: "gpgv"))
    self.pins = pins
    self.setting = setting
    self.cancellation = cancellation
  }

  /// The verdict on a detached signature of these bytes.
  package func verdict(on signature: [UInt8], of bytes: [UInt8]) throws(MirrorError) -> SignatureVerdict {
    let signature = try MemoryFile(signature, for: "gpgv")
    let bytes = try MemoryFile(bytes, for: "gpgv")
    return SignatureVerdict(try run([signature.path, bytes.path]).statuses, trusting: pins)
  }

  /// The verdict on a detached signature of a file with this number of bytes.
  func verdict(
    on signature: [UInt8], of file: String, bytes: Int64
  ) throws(MirrorError) -> SignatureVerdict {
    let signature = try MemoryFile(signature, for: "gpgv")
    let answer = try run([signature.path, file], limit: GnuPG.patience(reading: bytes))
    return SignatureVerdict(answer.statuses, trusting: pins)
  }

  /// The verdict on a text with its signature in it, and the text that was signed.
  package func verdict(onSigned text: [UInt8]) throws(MirrorError) -> (SignatureVerdict, text: [UInt8]) {
    let file = try MemoryFile(text, for: "gpgv")
    let answer = try run(["--output", "-", file.path])
    return (SignatureVerdict(answer.statuses, trusting: pins), answer.output)
  }

  private func run(
    _ arguments: [String], limit: Int = GnuPG.patience
  ) throws(MirrorError) -> GnuPG.Answer {
    let answer = try GnuPG.gpgv(
      keyring: keyring.value.path, arguments, cancellation: cancellation, neededBy: setting,
      limit: limit)
    guard !answer.isLate, answer.status < 128, !answer.statuses.contains(.noKeyring) else {
      throw MirrorError(
        .library, "gpgv", "failed: \(answer.messages.first ?? "no reason given")",
        remedy: "check that /proc is mounted, and the file of keys")
    }
    return answer
  }

  /// The packets of a file; nil if its armour is damaged.
  static func binary(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.first.map({ $0 & 0x80 == 0 }) ?? false else { return bytes }
    var (packets, encoded): ([UInt8], String?) = ([], nil)
    var isInHeaders = false
    for line in String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    {
      if line == "-----BEGIN PGP PUBLIC KEY BLOCK-----" {
        (encoded, isInHeaders) = ("", true)
      } else if line.hasPrefix("-----END") {
        guard let text = encoded, let block = Data(base64Encoded: text) else { return nil }
        packets += block
        encoded = nil
      } else if isInHeaders {
        isInHeaders = !line.allSatisfy(\.isWhitespace)
      } else if !line.hasPrefix("=") {
        encoded? += line
      }
    }
    return encoded == nil ? packets : nil
  }
}
