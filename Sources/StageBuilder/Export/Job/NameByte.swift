/// Whether a byte is a letter, a digit, `.`, `_` or `-`: names of these need no quoting anywhere.
func isNameByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
    true
  default: false
  }
}

/// Whether a byte may also be in the version of a kernel, which needs no quoting either.
func isWordByte(_ byte: UInt8) -> Bool {
  isNameByte(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "~")
}
