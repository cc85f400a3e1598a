package import LinuxSystem

/// What decides whether this machine can build, as it was found.
package struct DoctorFacts: Sendable {
  /// Who asks.
  package struct User: Sendable {
    var name: String
    var isRoot: Bool
    /// How many numbers he may hand out; see ``SubordinateIDs``.
    var users = 0
    var groups = 0
  }

  /// A program of the host.
  package struct Program: Sendable {
    var path: String
    /// Whether it runs as root, by its mode or by capabilities.
    var isPrivileged = false
  }

  /// Limits of the kernel on namespaces; nil where it has no such setting.
  package struct Limits: Sendable {
    /// `/proc/sys/user/max_user_namespaces`
    var userNamespaces: Int?
    /// `/proc/sys/kernel/unprivileged_userns_clone`, of Debian's kernels.
    var unprivilegedNamespaces: Int?
    /// `/proc/sys/kernel/apparmor_restrict_unprivileged_userns`
    var restrictedByAppArmor: Int?
  }

  /// A directory of the configuration.
  package struct Place: Sendable {
    /// As in the configuration: `path/work`.
    var key: String
    var path: String
    /// Bytes that may be written to its file system; nil if that could not be told.
    var free: Int64?
    /// Options of its mount that matter: `noexec`, `nodev`, `nosuid`.
    var options: [String] = []
    /// Why it is not safe to work in; nil if it is.
    var danger: MirrorError?
  }

  /// An architecture that is built here, and how, or why not.
  package struct Architecture: Sendable {
    var name: String
    var means: Result<ForeignArchitecture.Means, MirrorError>
  }

  var user: User
  var programs: [String: Program] = [:]
  var limits = Limits()
  var places: [Place] = []
  var architectures: [Architecture] = []
  /// What a step in namespaces of its own said when it failed; nil if it ran.
  var trial: String?
  /// The key that signs, and what is wrong with it; nil where nothing is signed.
  package var key: (fingerprint: String, fault: MirrorError?)?
}
