import ArgumentParser
import MirrorModel
import MirrorTools

/// Which digests to compute, and in which formats to write them.
struct DigestgenOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("Digests to compute: sha256, sha512, blake2b.", valueName: "list"),
    completion: .values(of: DigestAlgorithm.self),
    transform: { try parseList($0, "algorithm") })
  var algorithm: [DigestAlgorithm] = [.sha256]

  @Option(
    name: .long,
    help: ArgumentHelp("Sidecars to write: hash.txt, sums, bsd, digests, manifest.", valueName: "list"),
    completion: .values(of: DigestFormat.self),
    transform: { try parseList($0, "format") })
  var format: [DigestFormat] = [.hashText]

  var options: DigestOptions {
    var options = DigestOptions()
    options.algorithms = Set(algorithm)
    options.formats = Set(format)
    return options
  }
}
