import MirrorModel
import LinuxSystem

extension Signer {
  /// Makes the signatures of one index file, e.g. `index.xml.asc`, one per format.
  ///
  /// - Parameter others: further keys that sign it.
  func companions(of file: IndexFile, with others: [Fingerprint] = []) throws(MirrorError) -> [IndexFile] {
    let memory = try MemoryFile(file.bytes, for: "gpg")
    var companions: [IndexFile] = []
    for format in settings.formats {
      let signature = try signature(
        of: memory.path, "\(file.path)", bytes: Int64(file.bytes.count), as: format, with: others)
      companions.append(
        IndexFile(
          path: file.path.parent.appending(format.signature(of: file.path.name)), bytes: signature))
    }
    return companions
  }
}
