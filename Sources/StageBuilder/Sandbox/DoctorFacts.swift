package import LinuxSystem

/// The facts that decide whether this machine can build.
package struct DoctorFacts: Sendable {
  /// The user who runs this.
  package struct User: Sendable {
    var name: String
    var isRoot: Bool
    /// The number of subordinate ids of this user; see ``SubordinateIDs``.
    var users = 0
    var groups = 0
  }

  /// A program of the host.
  package struct Program: Sendable {
    var path: String
    /// Whether it runs as root, by its mode or by capabilities.
    var isPrivileged = false
  }

  /// Kernel limits on namespaces; nil if the kernel has no such setting.
  package struct Limits: Sendable {
    /// `/proc/sys/user/max_user_namespaces`
    var userNamespaces: Int?
    /// `/proc/sys/kernel/unprivileged_userns_clone` (Debian kernels)
    var unprivilegedNamespaces: Int?
    /// `/proc/sys/kernel/apparmor_restrict_unprivileged_userns`
    var restrictedByAppArmor: Int?
  }

  /// What prevents writing to a directory; each names the deepest part of the path that exists.
  package enum Obstacle: Hashable, Sendable {
    case notDirectory(String)
    case readOnly(String)
    case denied(String)
  }

  /// A directory from the configuration.
  package struct Place: Sendable {
    /// As in the configuration: `path/work`.
    var key: String
    var path: String
    /// Whether it exists; builds create work directories.
    var exists = true
    /// What prevents writing to it, or creating it; nil if nothing does.
    var obstacle: Obstacle?
    /// Free bytes on its file system; nil if unknown.
    var free: Int64?
    /// Mount options that matter: `noexec`, `nosuid`.
    var options: [String] = []
    /// How root's steps can be confined in it; nil for ordinary users and where it could not be found out.
    var confinement: Confinement?
    /// Why it is not safe as a work directory; nil if it is safe.
    var danger: MirrorError?
  }

  /// An architecture that is built here, and how its programs run, or why they cannot.
  package struct Architecture: Sendable {
    var name: String
    var means: Result<ForeignArchitecture.Means, MirrorError>
  }

  var user: User
  var programs: [String: Program] = [:]
  /// The programs that exports run, in the order of ``HostTool/all``.
  var tools: [(tool: HostTool, isInstalled: Bool)] = []
  var limits = Limits()
  var places: [Place] = []
  var architectures: [Architecture] = []
  /// The error of a test step in new namespaces; nil if it succeeded.
  var trial: String?
  /// The signing key, when it expires in seconds since the epoch, and what is wrong with it; nil if nothing is
  /// signed.
  package var key: (fingerprint: String, until: Int64?, fault: MirrorError?)?
  /// What keeping the mirror needs; nil if no mirror is known.
  package var upkeep: UpkeepFacts?
  /// Whether no mirror was named.
  package var lacksMirror = false
  /// Why nothing that only builds need is examined; nil if it is.
  package var omitsBuilds: String?
  /// Whether builds create the mirror, as on nodes of a farm with mirrors of their own.
  package var buildsMakeMirror = false
}
