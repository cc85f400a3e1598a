/// One step of a build and the parts of the machine that it can see.
package struct SandboxPlan: Codable, Hashable, Sendable {
  /// A file or directory of the host that the step sees at another path.
  package struct Bind: Codable, Hashable, Sendable {
    /// Absolute path on the host; links are followed.
    package var source: String
    /// Absolute path in the new root; links are followed inside it, and missing directories are created for
    /// the step.
    package var target: String
    package var isReadOnly: Bool
    /// Whether the source is a squashfs image, whose files are at the target.
    package var isImage: Bool

    package init(source: String, target: String, isReadOnly: Bool = false, isImage: Bool = false) {
      self.source = source
      self.target = target
      self.isReadOnly = isReadOnly
      self.isImage = isImage
    }
  }

  /// A directory of the step whose files are in memory, and gone after it.
  package struct MemoryDirectory: Codable, Hashable, Sendable {
    /// As ``Bind/target``.
    package var target: String
    /// The size at most, as `mount -t tmpfs` takes it: `8G` or `50%`.
    package var size: String

    package init(target: String, size: String) {
      self.target = target
      self.size = size
    }
  }

  /// The network that the step can use.
  package enum Network: String, Codable, Sendable {
    /// The host's.
    case host
    /// Only a loopback interface of its own.
    case none
  }

  /// The machine that `uname(2)` reports.
  package enum Personality: String, Codable, Sendable {
    case native
    /// 32 bits on a 64-bit kernel; see `personality(2)`.
    case linux32
  }

  /// A script; its first line may name an interpreter, otherwise `/bin/sh` runs it.
  package struct Script: Codable, Hashable, Sendable {
    /// As in the specification: `steps/chroot/run`.
    package var name: String
    package var text: String

    package init(name: String, text: String) {
      self.name = name
      self.text = text
    }
  }

  /// Absolute path of the new root; nil for the host's root, but in new namespaces all the same.
  package var root: String?
  /// Whether the owners in the root are shifted on disk; see ``Confinement/shifted``.
  package var isShifted: Bool
  /// The directories and files of the host that a step on the host's root can write to; absolute paths.
  package var writable: [String]
  /// The directory of the step's control group; nil for mirrorctl's own group.
  package var controlGroup: String?
  /// Attached in this order, after the system mounts.
  package var mounts: [Bind]
  /// Attached after ``mounts``.
  package var memory: [MemoryDirectory] = []
  /// Whether to provide `/dev`, `/proc`, the host's view in `/etc/hosts` and `/etc/resolv.conf`, ``mounts``
  /// and ``memory``.
  ///
  /// If not, only `/dev/null` is provided when the root has none: otherwise a shell would create a file of
  /// that name.
  package var hasSystemMounts: Bool
  package var network: Network
  /// The host's name if empty.
  package var hostName: String
  package var personality: Personality
  /// Registered with the kernel for this step alone; the step must have a root.
  package var emulators: [Emulator]
  package var script: Script
  /// The complete environment of the step.
  package var environment: [String: String]
  /// Whether to run a shell on the terminal instead of the script.
  package var interactive: Bool
  /// Where the script of a step on the host's root is written: a private directory with mode 0700.
  package var scriptDirectory: String?

  package init(
    root: String?, isShifted: Bool = false, writable: [String] = [], mounts: [Bind] = [],
    hasSystemMounts: Bool = true, network: Network = .host,
    hostName: String = "", personality: Personality = .native, emulators: [Emulator] = [], script: Script,
    environment: [String: String] = [:], interactive: Bool = false, scriptDirectory: String? = nil
  ) {
    self.root = root
    self.isShifted = isShifted
    self.writable = writable
    self.mounts = mounts
    self.hasSystemMounts = hasSystemMounts
    self.network = network
    self.hostName = hostName
    self.personality = personality
    self.emulators = emulators
    self.script = script
    self.environment = environment
    self.interactive = interactive
    self.scriptDirectory = scriptDirectory
  }
}

/// How a step ended.
package enum StepEnd: Hashable, Sendable {
  /// It exited with this status.
  case exited(Int32)
  /// It was ended by this signal.
  case signalled(Int32)
  /// The time limit ended it.
  case late

  /// Decodes the status of `wait(2)`.
  init(waitStatus status: Int32) {
    let signal = status & 0x7f
    self = signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
  }

  /// For messages about a failure.
  var text: String {
    switch self {
    case .exited(let status): "failed with exit status \(status)"
    case .signalled(let signal): "was killed by signal \(signal)"
    case .late: "was ended by the time limit"
    }
  }
}
