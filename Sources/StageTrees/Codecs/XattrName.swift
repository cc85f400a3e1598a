import LinuxSystem

/// Names of extended attributes as GNU tar writes them in extended headers, where `=` ends a key.
extension FileName {
  /// With `%` and `=` escaped as `%25` and `%3D`.
  var escapedForTar: [UInt8] {
    bytes.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "%"): Array("%25".utf8)
      case UInt8(ascii: "="): Array("%3D".utf8)
      default: [byte]
      }
    }
  }

  /// Reverses ``escapedForTar``, and takes everything else unchanged.
  init(escapedForTar text: [UInt8]) {
    var bytes: [UInt8] = []
    var rest = text[...]
    while let first = rest.first {
      if rest.starts(with: "%25".utf8) {
        bytes.append(UInt8(ascii: "%"))
        rest = rest.dropFirst(3)
      } else if rest.starts(with: "%3D".utf8) {
        bytes.append(UInt8(ascii: "="))
        rest = rest.dropFirst(3)
      } else {
        bytes.append(first)
        rest = rest.dropFirst()
      }
    }
    self.init(bytes: bytes)
  }
}
