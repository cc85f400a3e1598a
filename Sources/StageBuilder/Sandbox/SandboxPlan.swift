/// One step of a build and all that it sees of the machine.
package struct SandboxPlan: Codable, Hashable, Sendable {
  /// A directory or file of the host that the step sees at another place.
  package struct Bind: Codable, Hashable, Sendable {
    /// Absolute path on the host; links are followed.
    package var source: String
    /// Absolute path in the new root; links are followed inside of it, what is missing is made for the step.
    package var target: String
    package var isReadOnly: Bool

    package init(source: String, target: String, isReadOnly: Bool = false) {
      self.source = source
      self.target = target
      self.isReadOnly = isReadOnly
    }
  }

  /// What the step sees of the network.
  package enum Network: String, Codable, Sendable {
    /// The host's.
    case host
    /// A loopback interface of its own.
    case none
  }

  /// What `uname(2)` says of the machine.
  package enum Personality: String, Codable, Sendable {
    case native
    /// 32 bits on a 64-bit kernel; see `personality(2)`.
    case linux32
  }

  /// A program text; its first line may name an interpreter, otherwise `/bin/sh` runs it.
  package struct Script: Codable, Hashable, Sendable {
    /// As in the specification: `steps/chroot/run`.
    package var name: String
    package var text: String

    package init(name: String, text: String) {
      self.name = name
      self.text = text
    }
  }

  /// Absolute path of the new root; nil for the host's own, in namespaces of its own all the same.
  package var root: String?
  /// Attached in this order, after the system's.
  package var mounts: [Bind]
  /// Whether there is `/dev`, `/proc`, the host's `/etc/hosts` and `/etc/resolv.conf`, and ``mounts``.
  ///
  /// Without, only `/dev/null` is seen to, if the root has none: a shell would make a file of that name.
  package var hasSystemMounts: Bool
  package var network: Network
  /// Empty for the host's.
  package var hostName: String
  package var personality: Personality
  package var script: Script
  /// All of the step's environment.
  package var environment: [String: String]
  /// Whether a shell runs on the terminal, instead of the script.
  package var interactive: Bool
  /// Where the script of a step on the host's own root is written: a directory of ours with mode 0700.
  package var scriptDirectory: String?

  package init(
    root: String?, mounts: [Bind] = [], hasSystemMounts: Bool = true, network: Network = .host,
    hostName: String = "", personality: Personality = .native, script: Script,
    environment: [String: String] = [:], interactive: Bool = false, scriptDirectory: String? = nil
  ) {
    self.root = root
    self.mounts = mounts
    self.hasSystemMounts = hasSystemMounts
    self.network = network
    self.hostName = hostName
    self.personality = personality
    self.script = script
    self.environment = environment
    self.interactive = interactive
    self.scriptDirectory = scriptDirectory
  }
}

/// How a step ended.
package enum StepEnd: Hashable, Sendable {
  /// By itself, with this status.
  case exited(Int32)
  /// By this signal.
  case signalled(Int32)

  /// What `wait(2)` tells.
  init(waitStatus status: Int32) {
    let signal = status & 0x7f
    self = signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
  }
}
