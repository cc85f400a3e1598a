/// Names of files that are not finished, or not completely removed:
/// `.mirrorctl-PID-RANDOM.tmp`, where the second half of the random digits identifies the machine.
package enum TemporaryName {
  /// Another machine that shares the file system writes to its file at least once in this many seconds.
  private static let patience: Int64 = 86_400

  private static let machine = tag(LockOwner.Machine.current.host) + tag(LockOwner.Machine.current.boot)

  /// A new name, different on every call.
  package static func make() -> FileName {
    let random = hex(withUnsafeBytes(of: UInt64.random(in: .min ... .max), Array.init))
    return FileName(".mirrorctl-\(OwnProgram.pid)-\(random)\(machine).tmp")
  }

  /// Whether a name is from ``make()``.
  package static func matches(_ name: FileName) -> Bool {
    name.hasPrefix(".mirrorctl-") && name.hasSuffix(".tmp")
  }

  /// Whether a process that is not this one may still write to a file with such a name.
  ///
  /// - Parameter written: when it was last changed, in seconds since the epoch.
  package static func isInUse(_ name: FileName, written: Int64, _ probe: ProcessProbe) -> Bool {
    let words = String(decoding: name.bytes.dropFirst(11).dropLast(4), as: UTF8.self).split(separator: "-")
    guard matches(name), let pid = words.first.flatMap({ Int32($0) }) else { return false }
    // Names of mirrorctl 0.1.0 do not identify the machine.
    let other = words.count == 2 && words[1].utf8.count == 32 ? String(words[1].suffix(16)) : machine
    guard other != machine else {
      return pid != OwnProgram.pid
        && probe(LockOwner(pid: pid, machine: .current), lockWritten: written)
    }
    // What this machine wrote before it was started again.
    if other.prefix(8) == machine.prefix(8) { return false }
    return SystemClock.seconds - written < patience
  }

  private static func tag(_ text: String) -> String {
    hex(withUnsafeBytes(of: UInt32(truncatingIfNeeded: stableHash(text.utf8)).bigEndian, Array.init))
  }
}
