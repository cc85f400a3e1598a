import LinuxSystem

/// The address of a destination.
public enum DestinationAddress: Hashable, Sendable {
  /// A directory on this host.
  case path(String)
  /// A module of an rsync daemon: `rsync://host/module/path`.
  case daemon(String)
  /// A directory on another host, reached by a remote shell; `host` may begin with `user@`.
  case shell(host: String, path: String)

  /// A text that is not an address.
  enum Fault: Error {
    case fault(String, remedy: String)
  }

  /// Reads `/path`, `rsync://host/module` or `host:path`.
  init(_ text: String) throws(Fault) {
    guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
      throw .fault("contains control characters", remedy: "write it on one line")
    }
    if text.hasPrefix("/") {
      self = .path(Self.trimmed(text))
    } else if text.hasPrefix("rsync://") {
      let parts = text.dropFirst(8).split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count > 1, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw .fault(
          "has no host or module", remedy: "write rsync://HOST/MODULE or rsync://HOST/MODULE/PATH")
      }
      self = .daemon(Self.trimmed(text))
    } else {
      guard let colon = Self.colon(of: text) else {
        throw .fault(
          "is not an address", remedy: "write /PATH, rsync://HOST/MODULE/PATH or HOST:/PATH")
      }
      let (host, path) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
      if path.hasPrefix(":") {
        throw .fault("is rsync's old syntax for a daemon", remedy: "write rsync://HOST/MODULE/PATH")
      }
      // ssh would read a name that begins with a hyphen as an option.
      guard !host.isEmpty, !host.hasPrefix("-"), !path.isEmpty, !host.contains(" "), !host.contains("/")
      else {
        throw .fault("has no host or path", remedy: "write HOST:/PATH or USER@HOST:/PATH")
      }
      self = .shell(host: host, path: Self.trimmed(path))
    }
  }

  /// The colon after a host name, which may be an address in brackets.
  private static func colon(of text: String) -> String.Index? {
    let start = text.firstIndex(of: "[").flatMap { open in text[open...].firstIndex(of: "]") }
    return text[(start ?? text.startIndex)...].firstIndex(of: ":")
  }

  /// A host as ssh expects it: without brackets around an address.
  func sshName(of host: String) -> String {
    guard host.hasSuffix("]"), let open = host.firstIndex(of: "[") else { return host }
    return "\(host[..<open])\(host[host.index(after: open)...].dropLast())"
  }

  private static func trimmed(_ text: String) -> String {
    text == "/" ? text : String(text.reversed().drop { $0 == "/" }.reversed())
  }

  /// The argument for rsync; ends with `/`.
  func argument(below directory: String = "") -> String {
    let base =
      switch self {
      case .path(let path): path
      case .daemon(let url): url
      case .shell(let host, let path): "\(host):\(path)"
      }
    return (base.hasSuffix("/") ? base : base + "/") + (directory.isEmpty ? "" : directory + "/")
  }
}

extension DestinationAddress: CustomStringConvertible {
  /// As written in a configuration.
  public var description: String { escaped(Array(argument().dropLast().utf8)) }
}
