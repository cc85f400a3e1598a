import LinuxSystem

/// Runs commands on the host of a destination that is reached by a remote shell.
struct RemoteShell {
  private let rsync: Rsync
  private let host: String
  /// The directory of the destination there, as a word of a shell.
  let place: String

  /// nil for other destinations.
  init?(_ rsync: Rsync) {
    guard case .shell(let host, let path) = rsync.destination.address else { return nil }
    self.rsync = rsync
    self.host = rsync.destination.address.sshName(of: host)
    // A quoted tilde is not expanded; the remote shell starts in the home directory anyway.
    let there = path.hasPrefix("~/") ? String(path.dropFirst(2)) : path
    place = String(decoding: ShellWord.quoted(Array(there.utf8)), as: UTF8.self)
  }

  /// Runs a command, whatever its status; that of the shell itself, if it cannot, is 255 for ssh.
  ///
  /// - Parameter words: quoted for a shell as far as necessary.
  func run(_ words: [String]) throws(MirrorError) -> HostProgram.Outcome {
    try HostProgram.run(
      rsync.shell + [host, words.joined(separator: " ")], environment: ["LC_ALL": "C"], leads: true,
      cancellation: rsync.cancellation)
  }
}
