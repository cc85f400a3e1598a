import MirrorTools

/// Settings that become parameters of the kernel.
enum KernelParameters {
  /// `console`: the main one last; nil for those of the architecture.
  static func consoles(_ settings: SettingsSection) throws -> [String]? {
    let consoles = try settings.words("console")
    for console in consoles ?? []
    where !console.utf8.allSatisfy({ isWordByte($0) || $0 == UInt8(ascii: ",") }) {
      throw settings.invalid(
        "console", "`\(console)` is not a console", "use words such as tty0 or ttyS0,115200")
    }
    return consoles
  }

  /// `cmdline`: all others.
  static func others(_ settings: SettingsSection) throws -> [String] {
    let words = try settings.words("cmdline") ?? []
    guard words.allSatisfy({ $0.utf8.allSatisfy { (0x20...0x7e).contains($0) } }) else {
      throw settings.invalid("cmdline", "contains characters other than ASCII", "remove them")
    }
    return words
  }
}
