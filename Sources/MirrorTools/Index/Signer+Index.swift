import MirrorModel
import LinuxSystem

extension Signer {
  /// Signs one file of an index: `index.xml.asc` and the like, as many as there are formats.
  func companions(of file: IndexFile) throws(MirrorError) -> [IndexFile] {
    let memory = try MemoryFile(file.bytes, for: "gpg")
    var companions: [IndexFile] = []
    for format in settings.formats {
      let signature = try signature(
        of: memory.path, "\(file.path)", bytes: Int64(file.bytes.count), as: format)
      companions.append(
        IndexFile(
          path: file.path.parent.appending(format.signature(of: file.path.name)), bytes: signature))
    }
    return companions
  }
}
